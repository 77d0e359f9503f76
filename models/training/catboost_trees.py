"""CatBoost behind encoded columns: its own export as a node behind the encoder's graph, with the covers that the export leaves out.

Nothing here imports the library: a fitted classifier writes itself.
"""

import json
import tempfile
from pathlib import Path

import onnx
from onnx import TensorProto, helper
from skl2onnx import convert_sklearn

from . import columns


def is_catboost(score):
    return type(score).__module__.startswith("catboost")


def graph_of(fitted, name, frame, opset):
    encoder = convert_sklearn(fitted.named_steps["encode"], name, columns.typed(frame), target_opset=opset)
    score = exported(fitted.named_steps["score"], "onnx", onnx.load).graph.node[0]
    assert not any(attribute.name == "base_values" for attribute in score.attribute), "ONNX Runtime gets a bias wrong: set boost_from_average=False"
    score.input[0] = encoder.graph.output[0].name
    del score.output[:], encoder.graph.output[:]
    score.output.extend(["label", "probabilities"])
    encoder.graph.node.append(score)
    encoder.graph.output.extend([
        helper.make_tensor_value_info("label", TensorProto.INT64, [None]),
        helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, 2]),
    ])
    if all(one.domain != "ai.onnx.ml" for one in encoder.opset_import):
        encoder.opset_import.append(helper.make_opsetid("ai.onnx.ml", opset["ai.onnx.ml"]))
    return encoder


def covers(score):
    """Its trees are full: the children of node n are 2n + 1 and 2n + 2, and the last level holds the leaves in order."""
    found = {}
    for number, tree in enumerate(exported(score, "json", lambda path: json.loads(Path(path).read_text()))["oblivious_trees"]):
        leaves = tree["leaf_weights"]
        level, first = leaves, len(leaves) - 1
        while True:
            found |= {(number, first + at): cover for at, cover in enumerate(level)}
            if len(level) == 1:
                break
            level, first = [left + right for left, right in zip(level[::2], level[1::2])], first // 2
    return found


def exported(score, form, read):
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / f"model.{form}")
        score.save_model(path, format=form)
        return read(path)
