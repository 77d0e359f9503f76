"""Scan, the one operator that runs a graph within the graph: states, axes, directions, several outputs, no step at all."""
import numpy as np
import onnx
from onnx import TensorProto as T
from onnx import helper, numpy_helper

from case import case
from edges import some, tame


def scan(name, inputs, states, nodes, body_outputs, constants=(), opset=18, fails=False, shapes=None, **attributes):
    """`nodes` of the body read `inputs` by the names of the graph with `_in` behind them; the first `states` of `inputs` and
    of `body_outputs` go from step to step."""
    kinds = {key: helper.np_dtype_to_tensor_dtype(value.dtype) for key, value in inputs.items()}
    given = [helper.make_tensor_value_info(f"{key}_in", kind, None) for key, kind in kinds.items()]
    made = [onnx.ValueInfoProto(name=key) for key in body_outputs]
    held = [numpy_helper.from_array(value, key) for key, value in dict(constants).items()]
    body = helper.make_graph(nodes, "body", given, made, held)
    taken = [f"Y{at}" for at in range(len(body_outputs))]
    sliced = len(inputs) - states
    node = helper.make_node("Scan", list(inputs), taken, name="the_Scan", body=body, num_scan_inputs=sliced, **attributes)
    shapes = shapes or {}
    outer = [
        helper.make_tensor_value_info(key, kinds[key], shapes.get(key, list(value.shape))) for key, value in inputs.items()
    ]

    def model():
        graph = helper.make_graph([node], name, outer, [onnx.ValueInfoProto(name=key) for key in taken])
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)

    case(f"Scan_{name}", model, inputs, fails=fails, line_of="Scan")


def node(operator, inputs, outputs, **attributes):
    return helper.make_node(operator, inputs, outputs, **attributes)


def all_bodies():
    sums = [node("Add", ["S_in", "X_in"], ["S_out"]), node("Identity", ["S_out"], ["each"])]
    x, s = tame("f", (5, 3)), tame("f", (3,))
    edgy = some("f", (12, 3))
    for label, rows in [("some", x), ("edges", edgy), ("one", x[:1])]:
        scan(f"sums_{label}", {"S": s, "X": rows}, 1, sums, ["S_out", "each"])
    scan("sums_none", {"S": s, "X": x[:0]}, 1, sums, ["S_out", "each"], fails=True)
    for directions in [(0, 0), (0, 1), (1, 0), (1, 1)]:
        label = "".join(map(str, directions))
        taken = {"scan_input_directions": [directions[0]], "scan_output_directions": [directions[1]]}
        scan(f"sums_turned_{label}", {"S": s, "X": x}, 1, sums, ["S_out", "each"], **taken)
    for axis, out in [(1, 0), (1, 1), (-1, -1), (0, -1)]:
        start = tame("f", (5,)) if axis else s
        taken = {"scan_input_axes": [axis], "scan_output_axes": [out]}
        scan(f"sums_along_{axis}_{out}".replace("-", "m"), {"S": start, "X": x}, 1, sums, ["S_out", "each"], **taken)
    scan("sums_before_11", {"S": s, "X": x}, 1, sums, ["S_out", "each"], opset=9)
    # As exports of nearest neighbours measure: the rows of the call are the state, those of training are sliced.
    far = [node("Sub", ["S_in", "X_in"], ["by"]), node("ReduceSumSquare", ["by", "axes"], ["each"], keepdims=0)]
    far += [node("Identity", ["S_in"], ["S_out"])]
    axes = {"axes": np.array([1])}
    for label, rows in [("some", tame("f", (4, 3))), ("edges", edgy)]:
        shapes = {"S": [None, 3]}
        scan(f"distances_{label}", {"S": rows, "X": x}, 1, far, ["S_out", "each"], axes, shapes=shapes)
    # The rows of the call are what is sliced.
    scan("rows", {"S": tame("f", (4, 3)), "X": x}, 1, far, ["S_out", "each"], axes, shapes={"X": [None, 3]})
    # Two that are sliced beside each other, and no state.
    product = [node("Mul", ["X_in", "Z_in"], ["each"]), node("ReduceSum", ["each"], ["whole"], keepdims=0)]
    scan("pairs", {"X": x, "Z": tame("f", (5, 3))}, 0, product, ["each", "whole"])
    whole = {"S": tame("l", (3,)), "X": tame("l", (5, 3))}
    scan("sums_l", whole, 1, [*sums[:1], node("Cast", ["S_out"], ["each"], to=T.FLOAT)], ["S_out", "each"])
