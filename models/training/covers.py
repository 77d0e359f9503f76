"""Writes into the exported graph of a tree ensemble what the training library knows and converters leave out: how much of the
training data passed each node (its cover). `nodes_hitrates` is the place that ONNX has for it; ONNX Runtime ignores it.
"""

import json

import numpy as np
from onnx import helper


def sklearn_covers(model):
    """Of forests, and of gradient boosting, which keeps a row of trees for each step."""
    trees = np.ravel(model.estimators_)
    return {(t, n): c for t, tree in enumerate(trees) for n, c in enumerate(tree.tree_.weighted_n_node_samples)}


def walked(graph, roots, cover, sides):
    """Converters number nodes anew: their trees and the library's are walked side by side."""
    attributes = {a.name: helper.get_attribute_value(a) for a in ensemble(graph).attribute}
    ids = zip(attributes["nodes_treeids"], attributes["nodes_nodeids"])
    ends = {i: (t, f) for i, t, f in zip(ids, attributes["nodes_truenodeids"], attributes["nodes_falsenodeids"])}
    covers = {}
    for number, root in enumerate(roots):
        waiting = [(root, 0)]
        while waiting:
            node, at = waiting.pop()
            covers[number, at] = cover(node)
            waiting += zip(sides(node), ends[number, at])
    return covers


def histogram_covers(model, graph):
    trees = [step.nodes for steps in model._predictors for step in steps]
    sides = lambda node: [] if node[0][node[1]]["is_leaf"] else [(node[0], node[0][node[1]][side]) for side in ("left", "right")]
    return walked(graph, [(tree, 0) for tree in trees], lambda node: node[0][node[1]]["count"], sides)


def xgboost_covers(model, graph):
    roots = [json.loads(text) for text in model.get_booster().get_dump(with_stats=True, dump_format="json")]
    sides = lambda node: sorted(node.get("children", []), key=lambda child: child["nodeid"] != node["yes"])
    return walked(graph, roots, lambda node: node["cover"], sides)


def lightgbm_covers(model, graph):
    roots = [tree["tree_structure"] for tree in model.booster_.dump_model()["tree_info"]]
    sides = lambda node: [node["left_child"], node["right_child"]] if "left_child" in node else []
    return walked(graph, roots, lambda node: node.get("internal_count", node.get("leaf_count")), sides)


def ensemble(graph):
    return next(node for node in graph.node if node.op_type.startswith("TreeEnsemble"))


def write_covers(graph, covers):
    node = ensemble(graph)
    attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    ids = zip(attributes["nodes_treeids"], attributes["nodes_nodeids"])
    for old in [a for a in node.attribute if a.name == "nodes_hitrates"]:
        node.attribute.remove(old)
    node.attribute.append(helper.make_attribute("nodes_hitrates", [float(covers[i]) for i in ids]))
