"""A scorecard as a graph: texts become the numbers of their order, and each input has one tree, whose leaves are its bins. The trees
add up to the log-odds, so that what an input contributes is what its bin gives beside the average of the training rows.
"""

from dataclasses import dataclass

import numpy as np
from onnx import TensorProto, helper

OPSET, IR = [("", 17), ("ai.onnx.ml", 3)], 8


@dataclass(frozen=True)
class Line:
    """One input's part of a card: what each of its bins adds to the log-odds of default."""

    name: str
    bins: object
    adds: np.ndarray

    @property
    def average(self):
        return float(self.adds @ self.counts / self.counts.sum())

    @property
    def counts(self):
        return self.bins.good + self.bins.bad


def graph_of(name, lines, intercept):
    """Gives the probabilities of both classes."""
    nodes, inputs = [], []
    for line in lines:
        kind = TensorProto.FLOAT if line.bins.codes is None else TensorProto.STRING
        inputs.append(helper.make_tensor_value_info(line.name, kind, [None, 1]))
        if line.bins.codes is not None:
            nodes.append(order(line))
    nodes.append(helper.make_node("Concat", [number(line) for line in lines], ["numbers"], name="Numbers", axis=1))
    nodes.append(trees(lines, intercept))
    outputs = [
        helper.make_tensor_value_info("label", TensorProto.INT64, [None]),
        helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, 2]),
    ]
    graph = helper.make_graph(nodes, name, inputs, outputs)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid(*opset) for opset in OPSET], ir_version=IR)


def number(line):
    """The tensor that its tree reads."""
    return line.name if line.bins.codes is None else f"{line.name}_order"


def order(line):
    return helper.make_node(
        "LabelEncoder", [line.name], [number(line)], name=number(line), domain="ai.onnx.ml",
        keys_strings=list(line.bins.codes), values_floats=[float(code) for code in line.bins.codes.values()],
        default_float=float(len(line.bins.codes)),
    )


def trees(lines, intercept):
    nodes, leaves = [], []
    for number, line in enumerate(lines):
        grow(nodes, leaves, number, line, 0, len(line.adds))
    column = lambda name: [node[name] for node in nodes]
    return helper.make_node(
        "TreeEnsembleClassifier", ["numbers"], ["label", "probabilities"], name="Card", domain="ai.onnx.ml",
        nodes_treeids=column("tree"), nodes_nodeids=column("node"), nodes_featureids=column("tree"), nodes_modes=column("mode"),
        nodes_values=column("value"), nodes_truenodeids=column("true"), nodes_falsenodeids=column("false"),
        nodes_missing_value_tracks_true=[0] * len(nodes), nodes_hitrates=column("cover"),
        class_treeids=[tree for tree, _, _ in leaves], class_nodeids=[node for _, node, _ in leaves],
        class_weights=[weight for _, _, weight in leaves], class_ids=[0] * len(leaves),
        classlabels_int64s=[0, 1], base_values=[float(np.float32(intercept))], post_transform="LOGISTIC",
    )


def grow(nodes, leaves, tree, line, first, end):
    """The part of a tree that tells the bins from `first` up to `end`; gives the number of its root."""
    at = sum(node["tree"] == tree for node in nodes)
    node = {"tree": tree, "node": at, "mode": "LEAF", "value": 0.0, "true": 0, "false": 0, "cover": float(line.counts[first:end].sum())}
    nodes.append(node)
    if end - first == 1:
        leaves.append((tree, at, float(np.float32(line.adds[first]))))
        return at
    middle = (first + end) // 2
    node |= {"mode": "BRANCH_LEQ", "value": float(line.bins.upper[middle - 1])}
    node["true"] = grow(nodes, leaves, tree, line, first, middle)
    node["false"] = grow(nodes, leaves, tree, line, middle, end)
    return at
