"""One case of the corpus: a graph, inputs, what ONNX Runtime answers on one thread, and what the training library said."""
import base64
import json
import math
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort

HERE = Path(__file__).parent
skipped = []
written = []


def session(model):
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def number(value):
    if isinstance(value, (np.bool_, bool)):
        return bool(value)
    if isinstance(value, (np.integer, int)):
        return int(value)
    if not isinstance(value, (np.floating, float)):
        return str(value)
    if math.isnan(value):
        return None
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    # The shortest text that is this float.
    return float(str(value))


def flat(name, array, columns=None):
    array = np.asarray(array)
    kind = "string" if array.dtype.kind in "UOS" else str(array.dtype)
    tensor = {"name": name, "dtype": kind, "shape": list(array.shape)}
    if columns is not None:
        tensor["columns"] = columns
    return tensor | {"data": [number(value) for value in array.ravel()]}


def output(name, answer):
    if isinstance(answer, list):  # a ZipMap
        columns = list(answer[0])
        rows = np.array([[row[column] for column in columns] for row in answer], np.float32)
        return flat(name, rows, [str(column) for column in columns])
    return flat(name, answer)


def mapping(name, rows, kind):
    """An input that is a map, as the columns of one row."""
    keys = list(rows)
    return flat(name, np.array([[rows[key] for key in keys]], kind), [str(key) for key in keys])


def case(name, model, inputs, exact=False, trained=None, maps=None, fails=False, line_of=None):
    """`exact`: only sums and comparisons are involved, so floats must agree to the bit. `fails`: where ONNX Runtime has no answer,
    nobody has. `line_of`: one line of `edges/LINE_OF.jsonl`, with the graph in it."""
    try:
        model = model() if callable(model) else model
        del model.metadata_props[:]
        model.graph.name = name  # the converters' is random
        runtime = session(model)
    except Exception as error:  # what cannot be exported or run is said, not hidden
        skipped.append((name, str(error).strip().splitlines()[0][:160]))
        return
    try:
        answers = runtime.run(None, maps or inputs)
    except Exception as error:
        if not fails:
            skipped.append((name, str(error).strip().splitlines()[0][:160]))
            return
        answers = None
    given = [mapping(key, value, np.float32) for key, value in maps.items()] if maps else None
    given = given or [flat(key, value) for key, value in inputs.items()]
    outputs = answers and [output(out.name, answer) for out, answer in zip(runtime.get_outputs(), answers)]
    written_case = {"exact": exact, "inputs": given, "outputs": outputs}
    if trained is not None and np.size(trained[1]) == len(outputs[trained[0]]["data"]):
        at, values = trained
        written_case["trained"] = {"output": at, "data": [number(value) for value in np.asarray(values).ravel()]}
    graph = model.SerializeToString(deterministic=True)
    folder = HERE / ("edges" if line_of else "models")
    folder.mkdir(exist_ok=True)
    if line_of:
        line = {"name": name, "graph": base64.b64encode(graph).decode()} | written_case
        with (folder / f"{line_of}.jsonl").open("a") as lines:
            lines.write(json.dumps(line, separators=(",", ":"), ensure_ascii=False) + "\n")
    else:
        (folder / f"{name}.onnx").write_bytes(graph)
        (folder / f"{name}.json").write_text(json.dumps(written_case, separators=(",", ":")) + "\n")
    written.append(name)


def node_model(node, inputs, outputs, opset=3, initializers=()):
    """A graph of one node of ONNX-ML; `outputs` are data types by name."""
    kinds = {"U": onnx.TensorProto.STRING, "O": onnx.TensorProto.STRING}
    given = [
        onnx.helper.make_tensor_value_info(
            name, kinds.get(a.dtype.kind) or onnx.helper.np_dtype_to_tensor_dtype(a.dtype), [None, *a.shape[1:]]
        )
        for name, a in inputs.items()
    ]
    taken = [onnx.helper.make_tensor_value_info(name, kind, None) for name, kind in outputs.items()]
    graph = onnx.helper.make_graph([node], "graph", given, taken, list(initializers))
    imports = [onnx.helper.make_opsetid("ai.onnx.ml", opset), onnx.helper.make_opsetid("", 17)]
    return onnx.helper.make_model(graph, opset_imports=imports, ir_version=10)
