"""Edge rows: a golden row with one input changed to what lies at its edges, and what ONNX Runtime answers. `weir models check` holds the
package against them: what has no answer here must have none there.
"""

import json

import numpy as np
import onnxruntime
from onnx import numpy_helper
from onnxruntime.capi import onnxruntime_pybind11_state as state

from . import columns, figures

HUGE = 1e12
UNSEEN = "never seen in training"
# So many rows beside constants of the graph, evenly taken of all there are.
MOST_BESIDE_CONSTANTS = 1_000
# A tensor of more values holds weights, each of which means little by itself.
FEW = 16


def write(folder, package, golden):
    """`golden` are the numbers of the golden rows, one of which is changed."""
    frame = package.frame
    row = min(golden, key=lambda row: int(frame.iloc[row].isna().sum()))  # the first of those that lack least
    edges = [*at_edges(frame), *beside_constants(frame, package.graph)]
    edges = list({(name, str(value)): (name, value) for name, value in edges}.values())
    answers = answered(folder, frame.iloc[[row]], edges)
    lines = [
        json.dumps({"row": row, "feature": name, "value": written(value), "probability": answer})
        for (name, value), answer in zip(edges, answers, strict=True)
    ]
    (folder / "edges.jsonl").write_text("\n".join(lines) + "\n")


def written(value):
    """As JSON has it: what is missing is null, and infinities are texts."""
    if isinstance(value, str):
        return value
    return None if np.isnan(value) else value if np.isfinite(value) else f"{value}"


def at_edges(frame):
    texts = columns.texts(frame)
    for name in frame:
        if name in texts:
            yield from ((name, value) for value in [*texts[name], "", UNSEEN])
        else:
            greatest = float(np.finfo(np.float32).max)
            least, most = float(frame[name].min()), float(frame[name].max())
            seen = [least, most, least - 1, most + 1]
            yield from ((name, value) for value in [np.nan, np.inf, -np.inf, greatest, -greatest, HUGE, -HUGE, 0.0, -0.0, *seen])


def beside_constants(frame, graph):
    """Each constant and one unit beside it, for each number that comes near it."""
    found = constants(graph.graph)
    beside = lambda name: found[(found >= frame[name].min() - 1) & (found <= frame[name].max() + 1)]
    near = [(name, constant) for name in columns.numeric(frame) for constant in beside(name)]
    step = max(-(-3 * len(near) // MOST_BESIDE_CONSTANTS), 1)
    return [(name, float(value)) for name, constant in near[::step] for value in (constant - 1, constant, constant + 1)]


def constants(graph):
    """The single numbers that the graph holds, thresholds of trees among them; ascending."""
    attributes = [attribute for node in graph.node for attribute in node.attribute]
    tensors = [*graph.initializer, *(attribute.t for attribute in attributes if attribute.HasField("t"))]
    arrays = [numpy_helper.to_array(tensor) for tensor in tensors]
    found = [array.ravel() for array in arrays if array.size <= FEW and np.issubdtype(array.dtype, np.number)]
    found += [np.array(attribute.floats) for attribute in attributes if attribute.name == "nodes_values" or len(attribute.floats) <= FEW]
    found = np.unique(np.concatenate([*found, np.zeros(1)]).astype(np.float32))
    return found[np.isfinite(found)].astype(np.float64)


def answered(folder, row, edges):
    """The probability of each, or `None` where it is none."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 4  # what it refuses is an answer here, and no news
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"])
    usual = columns.feeds(row)
    answers = []
    for name, value in edges:
        changed = np.array([[value]], dtype=usual[name].dtype)
        try:
            answer = float(session.run(["probabilities"], {**usual, name: changed})[0][0, 1])
        except (state.Fail, state.InvalidArgument, state.RuntimeException):
            answer = np.nan
        # What a forest adds up in float32 may be 1.0000001.
        answers.append(answer if -figures.SUREST <= answer <= 1 + figures.SUREST else None)
    return answers
