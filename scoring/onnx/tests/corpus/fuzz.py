"""Graphs drawn from a seed over the operators of the standard domain, run by ONNX Runtime and by `weir models score`.

    fuzz.py WEIR [--seed N] [--values N]

What is compared bit by bit, or flips at a threshold, is drawn only over tensors that both compute without rounding; behind a
power or a sum of products come only operators that keep a small difference small. So every difference is a finding."""
import argparse
import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto as T
from onnx import helper, numpy_helper

from case import flat, output, session

ROWS = 64
KINDS = {"f": (np.float32, T.FLOAT), "d": (np.float64, T.DOUBLE), "l": (np.int64, T.INT64), "i": (np.int32, T.INT32), "b": (np.bool_, T.BOOL)}
EDGES = {
    "f": [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-45, 3.4e38, -3.4e38, 16777217.0, 2147483648.0],
    "d": [np.nan, np.inf, -np.inf, 0.0, -0.0, 5e-324, 1.7e308, 9007199254740993.0, 4294967298.0],
    "l": [0, -1, 2**31 - 1, 2**31, 2**53 + 1, 2**63 - 1, -(2**63)],
    "i": [0, -1, 2**31 - 1, -(2**31)],
    "b": [True, False],
}


class Tensor:
    def __init__(self, name, kind, width, exact):
        self.name, self.kind, self.width, self.exact = name, kind, width, exact


class Drawn:
    """One graph, grown node by node."""

    def __init__(self, random):
        self.random, self.nodes, self.held, self.tensors, self.inputs = random, [], [], [], {}
        for kind in random.permutation(list(KINDS))[: random.integers(1, 4)]:
            width = int(random.integers(1, 6))
            self.inputs[f"in_{kind}"] = self.values(kind, (ROWS, width))
            self.tensors.append(Tensor(f"in_{kind}", kind, width, True))

    def values(self, kind, shape):
        dtype = KINDS[kind][0]
        if kind == "b":
            return self.random.random(shape) < 0.5
        with np.errstate(over="ignore"):
            tame = (self.random.normal(size=shape) * 2 if kind in "fd" else self.random.integers(-9, 10, shape)).astype(dtype)
            edges = self.random.choice(np.array(EDGES[kind], dtype), shape)
        return np.where(self.random.random(shape) < 0.1, edges, tame).astype(dtype)

    def constant(self, array):
        name = f"c{len(self.held)}"
        self.held.append(numpy_helper.from_array(array, name))
        return name

    def node(self, operator, names, kind, width, exact, **attributes):
        name = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, names, [name], name=f"n{len(self.nodes)}", **attributes))
        self.tensors.append(Tensor(name, kind, width, exact))

    def grow(self):
        x = self.tensors[self.random.integers(len(self.tensors))]
        draw = [self.steady] if not x.exact else [self.of_one, self.of_two, self.choice, self.cast, self.reduced, self.places, self.product, self.steady]
        draw[self.random.integers(len(draw))](x)

    def pick(self, names):
        return str(self.random.choice(names))

    def of_one(self, x):
        if x.kind in "fd":
            exact = ["Abs", "Neg", "Ceil", "Floor", "Round", "Sign", "Relu", "Sqrt", "Identity", "LeakyRelu", "ThresholdedRelu"]
            rounded = ["Exp", "Log", "Sigmoid", "Tanh", "Softsign", "Elu"] + (["Softplus", "Erf", "Selu"] if x.kind == "f" else [])
            operator = self.pick(exact + rounded)
            self.node(operator, [x.name], x.kind, x.width, operator in exact)
        elif x.kind == "b":
            self.node("Not", [x.name], "b", x.width, True)
        else:
            self.node(self.pick(["Abs", "Neg", "Sign"]), [x.name], x.kind, x.width, True)

    def of_two(self, x):
        same = [y for y in self.tensors if y.kind == x.kind and y.exact and y.width in (x.width, 1)]
        y = same[self.random.integers(len(same))].name if same and self.random.random() < 0.6 else self.constant(self.values(x.kind, (x.width,)))
        if x.kind == "b":
            return self.node(self.pick(["And", "Or", "Xor", "Equal"]), [x.name, y], "b", x.width, True)
        comparisons = ["Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"]
        arithmetic = ["Add", "Sub", "Mul", "Max", "Min"] + (["Div"] if x.kind in "fd" else [])
        operator = self.pick(arithmetic + comparisons)
        self.node(operator, [x.name, y], "b" if operator in comparisons else x.kind, x.width, True)

    def choice(self, x):
        conditions = [c for c in self.tensors if c.kind == "b" and c.width in (x.width, 1)]
        if conditions and x.kind != "b":
            c = conditions[self.random.integers(len(conditions))]
            return self.node("Where", [c.name, x.name, self.constant(self.values(x.kind, (x.width,)))], x.kind, x.width, True)
        if x.kind in "fdil":
            bounds = np.sort(self.random.normal(size=2) * 3).astype(KINDS[x.kind][0])
            self.node("Clip", [x.name, self.constant(bounds[0]), self.constant(bounds[1])], x.kind, x.width, True)

    def cast(self, x):
        to = self.pick(list(KINDS))
        self.node("Cast", [x.name], to, x.width, True, to=KINDS[to][1])

    def reduced(self, x):
        if x.kind == "b":
            return
        axes = self.constant(np.array([1]))
        # Of float64 ONNX Runtime finds a NaN or passes over it by its place among the lanes of a vector.
        extremes = ["ReduceMax", "ReduceMin"] if x.kind != "d" else []
        operator = self.pick(extremes + ["ArgMax", "ArgMin"] + (["ReduceSum", "ReduceMean", "ReduceSumSquare"] if x.kind in "fd" else []))
        if operator.startswith("Arg"):
            self.node(operator, [x.name], "l", 1, True, axis=1)
        else:
            self.node(operator, [x.name] + ([axes] if operator == "ReduceSum" else []), x.kind, 1, operator in ["ReduceMax", "ReduceMin"], **({} if operator == "ReduceSum" else {"axes": [1]}))

    def places(self, x):
        operator = self.pick(["Gather", "Concat", "Slice"])
        if operator == "Gather":
            at = self.random.integers(-x.width, x.width, 3)
            self.node("Gather", [x.name, self.constant(at)], x.kind, 3, x.exact, axis=1)
        elif operator == "Concat":
            same = [y for y in self.tensors if y.kind == x.kind]
            y = same[self.random.integers(len(same))]
            self.node("Concat", [x.name, y.name], x.kind, x.width + y.width, x.exact and y.exact, axis=1)
        else:
            names = [self.constant(np.array([at])) for at in [-1, -(x.width + 1), 1, -1]]
            self.node("Slice", [x.name, *names], x.kind, x.width, x.exact)

    def product(self, x):
        if x.kind not in "fd":
            return
        width = int(self.random.integers(1, 5))
        weights = (self.random.normal(size=(x.width, width)) / 4).astype(KINDS[x.kind][0])
        bias = self.random.normal(size=(width,)).astype(KINDS[x.kind][0])
        # Of tame values only: where terms of the size of 1e38 cancel, the order of the sum decides.
        self.node("Clip", [x.name, self.constant(np.array(-9, KINDS[x.kind][0])), self.constant(np.array(9, KINDS[x.kind][0]))], x.kind, x.width, True)
        self.node("Gemm", [self.tensors[-1].name, self.constant(weights), self.constant(bias)], x.kind, width, False)

    def steady(self, x):
        if x.kind not in "fd":
            return
        operator = self.pick(["Sigmoid", "Tanh", "Relu", "Softmax", "Identity", "Gather"])
        if operator == "Softmax":
            return self.node("Softmax", [x.name], x.kind, x.width, False, axis=1)
        if operator == "Gather":
            return self.places(x)
        self.node(operator, [x.name], x.kind, x.width, x.exact and operator in ["Relu", "Identity"])

    def model(self):
        given = [helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(v.dtype), [None, v.shape[1]]) for name, v in self.inputs.items()]
        taken = [onnx.ValueInfoProto(name=tensor.name) for tensor in self.tensors if tensor.name not in self.inputs]
        graph = helper.make_graph(self.nodes, "drawn", given, taken, self.held)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def agree(ours, theirs, exact, kind):
    """Within 1e-6, and near zero within 1e-3 of its own size (ONNX Runtime's sigmoid is off by 2e-4 of itself at -8), unless it is lost there."""
    if isinstance(theirs, (int, float)) and isinstance(ours, (int, float)) and not isinstance(theirs, bool):
        if kind == "float32":  # each is written with as many digits as tell it from its neighbours
            ours, theirs = float(np.float32(ours)), float(np.float32(theirs))
        if exact or ours == theirs:
            return ours == theirs
        apart = abs(ours - theirs)
        return apart <= 1e-6 * max(1.0, abs(theirs)) and (theirs == 0 or apart <= max(1e-3 * abs(theirs), 1e-40))
    return ours == theirs


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weir", type=Path, help="the `weir` program")
    parser.add_argument("--seed", type=int, default=1, help="of the first graph; the next has the next")
    parser.add_argument("--values", type=int, default=1_000_000, help="values to compare")
    asked = parser.parse_args()
    compared, graphs, skipped, wrong, seed = 0, 0, 0, [], asked.seed
    with tempfile.TemporaryDirectory() as folder:
        model, given = Path(folder) / "model.onnx", Path(folder) / "in.json"
        while compared < asked.values and len(wrong) < 10:
            drawn = Drawn(np.random.default_rng(seed))
            for _ in range(8):
                drawn.grow()
            seed += 1
            if not drawn.nodes:
                continue
            proto = drawn.model()
            try:
                runtime = session(proto)
                theirs = runtime.run(None, drawn.inputs)
            except Exception:  # ONNX Runtime implements no operator for every type
                skipped += 1
                continue
            model.write_bytes(proto.SerializeToString())
            given.write_text(json.dumps({"inputs": [flat(name, value) for name, value in drawn.inputs.items()]}))
            run = subprocess.run([asked.weir, "models", "score", model, "--input", given], capture_output=True, text=True)
            graphs += 1
            if run.returncode:
                wrong.append(f"seed {seed - 1}: {run.stderr.strip()}")
                continue
            exact = {tensor.name: tensor.exact for tensor in drawn.tensors}
            for ours, (out, answer) in zip(json.loads(run.stdout)["outputs"], zip(runtime.get_outputs(), theirs)):
                expected = output(out.name, answer)
                pairs = list(zip(ours["data"], expected["data"]))
                compared += len(pairs)
                differs = [(at, a, b) for at, (a, b) in enumerate(pairs) if not agree(a, b, exact[out.name], expected["dtype"])]
                if differs or ours["shape"] != expected["shape"]:
                    node = next(node for node in drawn.nodes if out.name in node.output)
                    wrong.append(f"seed {seed - 1}: {out.name} ({node.op_type}) differs at {differs[:2]}")
                    break
            if graphs % 500 == 0:
                print(f"{graphs} graphs, {compared} values so far", file=sys.stderr)
    print(f"{graphs} graphs from seed {asked.seed}, {compared} values compared, {len(wrong)} graphs differ; {skipped} that ONNX Runtime does not run")
    print("\n".join(wrong))
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
