"""Graphs that no converter emits: every mode, aggregate, transform and typed form of every operator."""
import itertools

import numpy as np
from onnx import TensorProto as T
from onnx import helper, numpy_helper

from case import case, node_model

ML = "ai.onnx.ml"
random = np.random.default_rng(7)


def around(thresholds, kind=np.float32):
    """Each threshold, one step below and above, zeros of both signs, NaN and the infinities."""
    values = []
    for threshold in thresholds:
        threshold = kind(threshold)
        values += [np.nextafter(threshold, kind(-np.inf)), threshold, np.nextafter(threshold, kind(np.inf))]
    return np.array([*values, 0.0, -0.0, np.nan, np.inf, -np.inf], kind)


def grid(columns, thresholds, kind=np.float32):
    values = around(thresholds, kind)
    rows = random.choice(values, (40, columns))
    rows[: len(values), 0] = values
    return rows.astype(kind)


def one(name, operator, inputs, outputs, opset=1, exact=True, **attributes):
    node = helper.make_node(operator, list(inputs), list(outputs), domain=ML, name=f"the_{operator}", **attributes)
    case(name, lambda: node_model(node, inputs, outputs, opset), inputs, exact)


def forest(modes, trees=5, depth=3, features=3, targets=1, leaf_targets=None, positive=False, missing=None, first_id=0):
    """Full trees with thresholds of few values, so that rows meet them."""
    nodes = {key: [] for key in ["treeids", "nodeids", "featureids", "values", "modes", "truenodeids", "falsenodeids"]}
    tracks, leaves = [], {key: [] for key in ["treeids", "nodeids", "ids", "weights"]}
    inner = 2**depth - 1
    for tree in range(trees):
        for node in range(2 * inner + 1):
            leaf = node >= inner
            row = [
                tree + first_id,
                node,
                0 if leaf else int(random.integers(features)),
                0.0 if leaf else float(random.choice([-1.5, 0.0, 0.1, 2.0])),
                "LEAF" if leaf else str(random.choice(modes)),
                0 if leaf else 2 * node + 1,
                0 if leaf else 2 * node + 2,
            ]
            for key, value in zip(nodes, row):
                nodes[key].append(value)
            tracks.append(int(random.integers(2)) if missing == "some" and not leaf else 0)
            if leaf:
                chosen = leaf_targets(tree, node) if leaf_targets else range(targets)
                for target in chosen:
                    weight = np.float32(random.normal()) * (1.0 if not positive else 0.1)
                    leaves["treeids"].append(tree + first_id)
                    leaves["nodeids"].append(node)
                    leaves["ids"].append(int(target))
                    leaves["weights"].append(float(abs(weight) if positive else weight))
    attributes = {f"nodes_{key}": value for key, value in nodes.items()}
    if missing:
        attributes["nodes_missing_value_tracks_true"] = tracks
    return attributes, leaves


ALL_MODES = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"]
THRESHOLDS = [-1.5, 0.0, 0.1, 2.0]
TRANSFORMS = ["NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO", "PROBIT"]


def regressors():
    def regressor(name, attributes, leaves, targets, x, exact=True, opset=1, **more):
        weights = {f"target_{key}": value for key, value in leaves.items()}
        one(name, "TreeEnsembleRegressor", {"X": x}, {"Y": T.FLOAT}, opset, exact, **attributes, **weights, n_targets=targets, **more)

    x = grid(3, THRESHOLDS)
    for mode in ALL_MODES:
        regressor(f"trees_{mode}", *forest([mode]), 1, x)
        regressor(f"trees_{mode}_missing", *forest([mode], missing="some"), 1, x)
    for aggregate, targets, base in itertools.product(["SUM", "AVERAGE", "MIN", "MAX"], [1, 3], [False, True]):
        values = {"base_values": [0.3, -1.25, 7.0][:targets]} if base else {}
        name = f"trees_{aggregate}_{targets}{'_base' if base else ''}"
        regressor(name, *forest(ALL_MODES, targets=targets, missing="some"), targets, x, aggregate_function=aggregate, **values)
    few = lambda tree, node: [node % 3] if node % 2 else []
    regressor("trees_few_votes", *forest(ALL_MODES, targets=3, leaf_targets=few), 3, x, base_values=[1.0, 2.0, 3.0])
    regressor("trees_few_votes_min", *forest(ALL_MODES, targets=3, leaf_targets=few), 3, x, aggregate_function="MIN", base_values=[1.0, 2.0, 3.0])
    for transform, targets in itertools.product(TRANSFORMS, [1, 2]):
        attributes, leaves = forest(["BRANCH_LEQ"], targets=targets, positive=True)
        regressor(f"trees_{transform}_{targets}", attributes, leaves, targets, x, transform == "NONE", post_transform=transform)
    attributes, leaves = forest(ALL_MODES, trees=120, depth=4)
    regressor("trees_many_one_row", attributes, leaves, 1, x[:1])
    regressor("trees_many", attributes, leaves, 1, grid(3, THRESHOLDS))
    regressor("trees_double_input", *forest(ALL_MODES), 1, grid(3, THRESHOLDS, np.float64))
    attributes, leaves = forest(ALL_MODES, missing="some")
    tensor = lambda values: numpy_helper.from_array(np.array(values, np.float64))
    attributes["nodes_values_as_tensor"] = tensor([value * 1.1 for value in attributes.pop("nodes_values")])
    leaves["weights_as_tensor"] = tensor([weight * 1.1 for weight in leaves.pop("weights")])
    doubles = grid(3, [value * 1.1 for value in THRESHOLDS], np.float64)
    regressor("trees_as_tensor", attributes, leaves, 1, doubles, opset=3, base_values_as_tensor=tensor([0.1]))
    # Trees named as they like.
    regressor("trees_ids", *forest(ALL_MODES, first_id=40), 1, x)


def classifiers():
    def classifier(name, attributes, leaves, labels, x, exact=True, opset=1, **more):
        weights = {f"class_{key}": value for key, value in leaves.items()}
        key, kind = ("classlabels_strings", T.STRING) if isinstance(labels[0], str) else ("classlabels_int64s", T.INT64)
        outputs = {"Y": kind, "Z": T.FLOAT}
        one(name, "TreeEnsembleClassifier", {"X": x}, outputs, opset, exact, **attributes, **weights, **{key: labels}, **more)

    x = grid(3, THRESHOLDS)
    for labels, transform in itertools.product([[4, 9, 2], ["a", "b", "c"]], TRANSFORMS):
        attributes, leaves = forest(ALL_MODES, targets=3, missing="some")
        kind = type(labels[0]).__name__
        classifier(f"classes_{kind}_{transform}", attributes, leaves, labels, x, transform == "NONE", post_transform=transform, base_values=[0.1, 0.2, -0.3])
    for sided, positive, base, transform in itertools.product([0, 1], [True, False], [0, 1, 2], TRANSFORMS):
        attributes, leaves = forest(ALL_MODES, targets=2, leaf_targets=lambda tree, node: [sided], positive=positive)
        values = {"base_values": [0.05, 0.15][:base]} if base else {}
        if transform == "PROBIT" and not sided and base < 2:
            continue  # ONNX Runtime leaves the second score uninitialised
        name = f"two_one_sided_{sided}_{'positive' if positive else 'mixed'}_{base}_{transform}"
        classifier(name, attributes, leaves, [3, 8], x, transform == "NONE", post_transform=transform, **values)
    for base, transform in itertools.product([0, 1, 2], TRANSFORMS):
        values = {"base_values": [0.05, 0.15][:base]} if base else {}
        attributes, leaves = forest(ALL_MODES, targets=2)
        classifier(f"two_{base}_{transform}", attributes, leaves, [3, 8], x, transform == "NONE", post_transform=transform, **values)
    classifier("two_texts", *forest(ALL_MODES, targets=2), ["no", "yes"], x)
    mixed = lambda tree, node: [node % 2]
    classifier("two_mixed_leaves", *forest(ALL_MODES, targets=2, leaf_targets=mixed), [0, 1], x)
    attributes, leaves = forest(["BRANCH_LEQ"], targets=2, leaf_targets=lambda tree, node: [1], positive=True)
    classifier("two_double_input", attributes, leaves, [0, 1], grid(3, THRESHOLDS, np.float64))
    integers = random.integers(-3, 4, (20, 3))
    large = [[2**24 + 1, 2**53 + 1, -(2**24) - 1]]
    classifier("two_int64_input", attributes, leaves, [0, 1], np.vstack([integers, large]).astype(np.int64))
    classifier("two_int32_input", attributes, leaves, [0, 1], integers.astype(np.int32))
    tensor = lambda values: numpy_helper.from_array(np.array(values, np.float64))
    attributes, leaves = forest(ALL_MODES, targets=3)
    attributes["nodes_values_as_tensor"] = tensor(attributes.pop("nodes_values"))
    leaves["weights_as_tensor"] = tensor([weight * 1.1 for weight in leaves.pop("weights")])
    classifier("classes_as_tensor", attributes, leaves, [0, 1, 2], grid(3, THRESHOLDS, np.float64), opset=3, base_values_as_tensor=tensor([0.1, 0.2, 0.3]))


def ensembles():
    """Opset 5."""

    def ensemble(name, kind, transform=0, aggregate=1, targets=1, members=(), missing=False, x=None, trees=3, leaf_only=False):
        lists = {key: [] for key in ["featureids", "truenodeids", "trueleafs", "falsenodeids", "falseleafs"]}
        modes, splits, sets, roots, weights, ids, tracks = [], [], [], [], [], [], []

        def leaf():
            weights.append(abs(random.normal()))
            ids.append(int(random.integers(targets)))
            return len(weights) - 1

        def grow(depth):
            at = len(modes)
            mode = 6 if members and random.random() < 0.6 else int(random.integers(6))
            modes.append(mode)
            splits.append(0.0 if mode == 6 else float(random.choice(THRESHOLDS)))
            tracks.append(int(random.integers(2)))
            for key in lists:
                lists[key].append(0)
            lists["featureids"][at] = int(random.integers(3))
            set_at = len(sets)
            if mode == 6:
                sets.append((at, members[int(random.integers(len(members)))]))
            for side in ["true", "false"]:
                ends = depth == 0
                place = leaf() if ends else grow(depth - 1)
                lists[f"{side}nodeids"][at] = place
                lists[f"{side}leafs"][at] = int(ends)
            return at

        if leaf_only:
            at = leaf()
            roots.append(len(modes))
            modes.append(0)
            splits.append(0.0)
            tracks.append(0)
            for key, value in zip(lists, [0, at, 1, at, 1]):
                lists[key].append(value)
        for _ in range(trees):
            roots.append(grow(2))
        flat_sets = [value for _, values in sorted(sets) for value in [*values, np.nan]]
        tensor = lambda values, kind=kind: numpy_helper.from_array(np.array(values, kind))
        attributes = {f"nodes_{key}": value for key, value in lists.items()}
        attributes |= {"nodes_modes": tensor(modes, np.uint8), "nodes_splits": tensor(splits), "tree_roots": roots}
        attributes |= {"leaf_weights": tensor(weights), "leaf_targetids": ids, "n_targets": targets}
        if flat_sets:
            attributes["membership_values"] = tensor(flat_sets)
        if missing:
            attributes["nodes_missing_value_tracks_true"] = tracks
        out = T.DOUBLE if kind == np.float64 else T.FLOAT
        one(name, "TreeEnsemble", {"X": x}, {"Y": out}, 5, transform == 0, aggregate_function=aggregate, post_transform=transform, **attributes)

    small = [(1.0, 2.0, 3.0), (0.0,), (7.0, 30.0)]
    large = [(-4.0, 5.0), tuple(float(value) for value in range(0, 200, 3)), (31.0, 32.0, 33.0)]
    members = lambda sets, kind: random.choice(np.array([v for s in sets for v in s] + [0.5, np.nan, np.inf, -1.0, 34.0], kind), (60, 3)).astype(kind)
    for kind in [np.float32, np.float64]:
        width = np.dtype(kind).itemsize * 8
        ensemble(f"ensemble_modes_{width}", kind, x=grid(3, THRESHOLDS, kind), missing=True)
        ensemble(f"ensemble_small_sets_{width}", kind, members=small, x=members(small, kind))
        ensemble(f"ensemble_large_sets_{width}", kind, members=large, x=members(large, kind))
        ensemble(f"ensemble_sets_missing_{width}", kind, members=small + large, x=members(small + large, kind), missing=True)
    for aggregate, targets in itertools.product(range(4), [1, 2]):
        ensemble(f"ensemble_aggregate_{aggregate}_{targets}", np.float32, aggregate=aggregate, targets=targets, x=grid(3, THRESHOLDS))
    for transform, targets in itertools.product(range(5), [1, 2]):
        ensemble(f"ensemble_transform_{transform}_{targets}", np.float32, transform, targets=targets, x=grid(3, THRESHOLDS))
    ensemble("ensemble_leaf_alone", np.float32, leaf_only=True, x=grid(3, THRESHOLDS))


def linear():
    x = np.vstack([random.normal(size=(12, 4)), [[np.nan, 0, 0, 0], [np.inf, 1, 1, 1], [0, 0, 0, 0]]]).astype(np.float32)
    for transform, targets in itertools.product(TRANSFORMS, [1, 3]):
        weights = random.normal(size=(targets, 4)).astype(np.float32).ravel().tolist()
        shift = random.normal(size=targets).astype(np.float32).tolist()
        rows = x[:12] * 0.1 if transform == "PROBIT" else x
        one(f"linear_regressor_{transform}_{targets}", "LinearRegressor", {"X": rows}, {"Y": T.FLOAT}, 1, False, coefficients=weights, intercepts=shift, targets=targets, post_transform=transform)
        if targets > 1:
            one(f"linear_classifier_{transform}", "LinearClassifier", {"X": rows}, {"Y": T.INT64, "Z": T.FLOAT}, 1, False, coefficients=weights, intercepts=shift, classlabels_ints=[4, 1, 9], post_transform=transform)
        elif transform != "PROBIT":
            one(f"linear_classifier_two_{transform}", "LinearClassifier", {"X": rows}, {"Y": T.STRING, "Z": T.FLOAT}, 1, False, coefficients=weights, intercepts=shift, classlabels_strings=["no", "yes"], post_transform=transform)
    for kind in [np.float64, np.int64, np.int32]:
        rows = random.integers(-5, 6, (8, 4)).astype(kind)
        one(f"linear_classifier_{np.dtype(kind).name}", "LinearClassifier", {"X": rows}, {"Y": T.INT64, "Z": T.FLOAT}, 1, False, coefficients=[0.5, -0.25, 1.0, 2.0, 0.1, 0.2, 0.3, 0.4], intercepts=[0.1, 0.2], classlabels_ints=[0, 1], post_transform="SOFTMAX")


def machines():
    x = np.vstack([random.normal(size=(12, 3)), [[np.nan, 0, 0], [0, 0, 0]]]).astype(np.float32)
    kernels = {"LINEAR": [0.5, 0.0, 3.0], "POLY": [0.5, 1.0, 3.0], "RBF": [0.5, 0.0, 3.0], "SIGMOID": [0.3, 0.1, 3.0]}
    kernels["POLY2"], kernels["POLY4"] = [0.5, 1.0, 2.0], [0.5, 1.0, 4.0]
    for name, parameters in kernels.items():
        kernel = dict(kernel_type=name.rstrip("24"), kernel_params=parameters)
        vectors = random.normal(size=(6, 3)).astype(np.float32)
        one(f"svm_regressor_{name}", "SVMRegressor", {"X": x}, {"Y": T.FLOAT}, 1, False, coefficients=random.normal(size=6).astype(np.float32).tolist(), support_vectors=vectors.ravel().tolist(), n_supports=6, rho=[0.2], **kernel)
        for classes, probability in itertools.product([2, 3], [False, True]):
            pairs = classes * (classes - 1) // 2
            sigmoids = dict(prob_a=(-1 - random.random(pairs)).tolist(), prob_b=(random.random(pairs) * 0.2).tolist()) if probability else {}
            one(
                f"svm_classifier_{name}_{classes}{'_probability' if probability else ''}", "SVMClassifier", {"X": x}, {"Y": T.INT64, "Z": T.FLOAT}, 1, False,
                coefficients=random.normal(size=6 * (classes - 1)).astype(np.float32).tolist(), support_vectors=vectors.ravel().tolist(),
                vectors_per_class=[3, 3] if classes == 2 else [2, 1, 3], rho=random.normal(size=pairs).astype(np.float32).tolist(), classlabels_ints=[5, 1, 3][:classes], **kernel, **sigmoids,
            )
    base = dict(coefficients=random.normal(size=6).astype(np.float32).tolist(), support_vectors=random.normal(size=18).astype(np.float32).tolist(), kernel_type="RBF", kernel_params=[0.5, 0.0, 3.0])
    one("svm_one_class", "SVMRegressor", {"X": x}, {"Y": T.FLOAT}, 1, True, n_supports=6, rho=[-0.2], one_class=1, **base)
    one("svm_linear_regressor", "SVMRegressor", {"X": x}, {"Y": T.FLOAT}, 1, False, coefficients=[0.5, -0.7, 0.1], rho=[0.1], n_supports=0, kernel_params=[0.0, 0.0, 0.0])
    for transform in TRANSFORMS[:-1]:
        one(f"svm_two_{transform}", "SVMClassifier", {"X": x[:12]}, {"Y": T.STRING, "Z": T.FLOAT}, 1, False, vectors_per_class=[3, 3], rho=[0.1], classlabels_strings=["a", "b"], post_transform=transform, **base)
        one(f"svm_two_probability_{transform}", "SVMClassifier", {"X": x[:12]}, {"Y": T.INT64, "Z": T.FLOAT}, 1, False, vectors_per_class=[3, 3], rho=[0.1], classlabels_ints=[7, 2], prob_a=[-1.5], prob_b=[0.1], post_transform=transform, **base)
        for positive, classes in itertools.product([False, True], [2, 3]):
            weights = random.normal(size=3 * classes).astype(np.float32)
            weights = np.abs(weights) if positive else weights
            one(f"svm_linear_{transform}_{classes}{'_positive' if positive else ''}", "SVMClassifier", {"X": x[:12]}, {"Y": T.INT64, "Z": T.FLOAT}, 1, False, coefficients=weights.tolist(), rho=[0.1], classlabels_ints=[7, 2, 4][:classes], kernel_params=[0.0, 0.0, 0.0], post_transform=transform)
    for kind in [np.float64, np.int64, np.int32]:
        rows = random.integers(-3, 4, (6, 3)).astype(kind)
        one(f"svm_{np.dtype(kind).name}", "SVMClassifier", {"X": rows}, {"Y": T.INT64, "Z": T.FLOAT}, 1, False, vectors_per_class=[3, 3], rho=[0.1], classlabels_ints=[0, 1], **base)


def columns():
    x = grid(4, [1.0, -2.0])
    finite = np.nan_to_num(x, nan=5.0)
    for norm, kind in itertools.product(["MAX", "L1", "L2"], [np.float32, np.float64, np.int64, np.int32]):
        rows = x if kind == np.float32 else random.integers(-4, 5, (10, 4)).astype(kind)
        one(f"normalizer_{norm}_{np.dtype(kind).name}", "Normalizer", {"X": rows}, {"Y": T.FLOAT}, 1, True, norm=norm)
    for kind in [np.float32, np.float64, np.int64, np.int32]:
        rows = x if kind == np.float32 else (random.normal(size=(10, 4)) * 1e8).astype(kind)
        one(f"scaler_{np.dtype(kind).name}", "Scaler", {"X": rows}, {"Y": T.FLOAT}, 1, True, offset=[0.5, -1.0, 0.1, 3.0], scale=[2.0, 0.1, -1.0, 1e-3])
    one("scaler_one_for_all", "Scaler", {"X": x}, {"Y": T.FLOAT}, 1, True, offset=[0.1], scale=[3.0])
    one("imputer_nan", "Imputer", {"X": x}, {"Y": T.FLOAT}, 1, True, imputed_value_floats=[9.0, 8.0, 7.0, 6.0], replaced_value_float=float("nan"))
    one("imputer_zero", "Imputer", {"X": x}, {"Y": T.FLOAT}, 1, True, imputed_value_floats=[9.0], replaced_value_float=0.0)
    one("imputer_default", "Imputer", {"X": x}, {"Y": T.FLOAT}, 1, True, imputed_value_floats=[9.0])
    one("imputer_too_few", "Imputer", {"X": x}, {"Y": T.FLOAT}, 1, True, imputed_value_floats=[9.0, 8.0], replaced_value_float=float("nan"))
    one("imputer_int64", "Imputer", {"X": random.integers(0, 3, (8, 2))}, {"Y": T.INT64}, 1, True, imputed_value_int64s=[50, 60], replaced_value_int64=1)
    one("binarizer", "Binarizer", {"X": finite}, {"Y": T.FLOAT}, 1, True, threshold=1.0)
    one("binarizer_default", "Binarizer", {"X": finite}, {"Y": T.FLOAT}, 1, True)
    both = {"A": x, "B": random.normal(size=(40, 2)).astype(np.float32), "C": random.normal(size=(40, 1)).astype(np.float32)}
    one("feature_vectorizer", "FeatureVectorizer", both, {"Y": T.FLOAT}, 1, True, inputdimensions=[4, 2, 1])
    one("feature_vectorizer_uneven", "FeatureVectorizer", both, {"Y": T.FLOAT}, 1, True, inputdimensions=[2, 4, 1])
    counts = {key: random.integers(-(2**30), 2**30, (5, 2)) for key in "AB"}
    one("feature_vectorizer_int64", "FeatureVectorizer", counts, {"Y": T.FLOAT}, 1, True, inputdimensions=[2, 2])
    texts = np.array([["a", "b", ""], ["z", "a", "é"]], object)
    for name, rows, kind in [("float", x, T.FLOAT), ("double", x.astype(np.float64), T.DOUBLE), ("int64", random.integers(0, 9, (4, 4)), T.INT64), ("text", np.hstack([texts, texts[:, :1]]), T.STRING)]:
        node = helper.make_node("ArrayFeatureExtractor", ["X", "I"], ["Y"], domain=ML)
        chosen = numpy_helper.from_array(np.array([3, 0, 0]), "I")
        case(f"array_feature_extractor_{name}", lambda: node_model(node, {"X": rows}, {"Y": kind}, 1, [chosen]), {"X": rows}, True)


def categories():
    texts = np.array([["a"], ["b"], ["unseen"], [""], ["é"]], object)
    integers = np.array([[3], [4], [-1], [99]], np.int64)
    floats = np.array([[1.0], [np.nan], [-0.0], [0.0], [np.inf], [2.5]], np.float32)
    one("one_hot_text", "OneHotEncoder", {"X": texts}, {"Y": T.FLOAT}, 1, True, cats_strings=["b", "a", "é"])
    one("one_hot_int64", "OneHotEncoder", {"X": integers}, {"Y": T.FLOAT}, 1, True, cats_int64s=[4, 3, 7])
    one("one_hot_float", "OneHotEncoder", {"X": floats}, {"Y": T.FLOAT}, 1, True, cats_int64s=[2, 0, 1])
    one("one_hot_double", "OneHotEncoder", {"X": floats.astype(np.float64)}, {"Y": T.FLOAT}, 1, True, cats_int64s=[2, 0, 1])
    one("one_hot_twice", "OneHotEncoder", {"X": integers}, {"Y": T.FLOAT}, 1, True, cats_int64s=[3, 3, 4])
    one("one_hot_strict", "OneHotEncoder", {"X": integers[:2]}, {"Y": T.FLOAT}, 1, True, cats_int64s=[4, 3], zeros=0)
    one("category_mapper_text", "CategoryMapper", {"X": texts}, {"Y": T.INT64}, 1, True, cats_int64s=[30, 40, 50], cats_strings=["a", "b", "a"], default_int64=-7)
    one("category_mapper_int64", "CategoryMapper", {"X": integers}, {"Y": T.STRING}, 1, True, cats_int64s=[3, 4, 3], cats_strings=["x", "y", "z"])
    one("label_encoder_1_text", "LabelEncoder", {"X": texts}, {"Y": T.INT64}, 1, True, classes_strings=["a", "b", "é"])
    one("label_encoder_1_int64", "LabelEncoder", {"X": np.array([[0], [2], [5]])}, {"Y": T.STRING}, 1, True, classes_strings=["a", "b", "é"], default_string="none")
    keys = {"strings": (texts, ["a", "é", "a"]), "int64s": (integers, [3, 4, 3]), "floats": (floats, [1.0, float("nan"), 0.0])}
    values = {"strings": (T.STRING, ["x", "y", "z"]), "int64s": (T.INT64, [7, 8, 9]), "floats": (T.FLOAT, [0.5, 1.5, 2.5])}
    for (key, (x, keys_of)), (value, (kind, values_of)), opset in itertools.product(keys.items(), values.items(), [2, 4]):
        attributes = {f"keys_{key}": keys_of, f"values_{value}": values_of}
        one(f"label_encoder_{opset}_{key}_{value}", "LabelEncoder", {"X": x}, {"Y": kind}, opset, True, **attributes)
    defaults = dict(default_string="none", default_int64=-9, default_float=-2.5)
    for value, (kind, values_of) in values.items():
        one(f"label_encoder_default_{value}", "LabelEncoder", {"X": texts}, {"Y": kind}, 2, True, keys_strings=["a", "b", "é"], **{f"values_{value}": values_of}, **defaults)
    tensor = numpy_helper.from_array
    doubles = dict(keys_tensor=tensor(np.array([1.0, np.nan, 0.0])), values_tensor=tensor(np.array([1.1, 2.2, 3.3])))
    one("label_encoder_tensors", "LabelEncoder", {"X": floats.astype(np.float64)}, {"Y": T.DOUBLE}, 4, True, **doubles)
    one("label_encoder_tensors_default", "LabelEncoder", {"X": floats.astype(np.float64)}, {"Y": T.DOUBLE}, 4, True, **doubles, default_tensor=tensor(np.array([-4.4])))
    one("label_encoder_int16", "LabelEncoder", {"X": texts}, {"Y": T.INT16}, 4, True, keys_strings=["a", "b"], values_tensor=tensor(np.array([5, 6], np.int16)), default_tensor=tensor(np.array([-3], np.int16)))


def maps():
    def graph(operator, key, value, kind, **attributes):
        node = helper.make_node(operator, ["X"], ["Y"], domain=ML, **attributes)
        info = helper.make_value_info("X", helper.make_map_type_proto(key, helper.make_tensor_type_proto(value, [])))
        taken = helper.make_tensor_value_info("Y", kind, None)
        imports = [helper.make_opsetid(ML, 1), helper.make_opsetid("", 17)]
        return helper.make_model(helper.make_graph([node], "graph", [info], [taken]), opset_imports=imports, ir_version=10)

    given = {"income": 2.5, "unknown": 9.0, "age": -1.0}
    case("dict_vectorizer_text", lambda: graph("DictVectorizer", T.STRING, T.FLOAT, T.FLOAT, string_vocabulary=["age", "absent", "income"]), {}, True, maps={"X": given})
    case("dict_vectorizer_int64", lambda: graph("DictVectorizer", T.INT64, T.FLOAT, T.FLOAT, int64_vocabulary=[7, 3, 1]), {}, True, maps={"X": {1: 0.5, 7: -2.0, 8: 1.0}})
    for cast, kind in [("TO_FLOAT", T.FLOAT), ("TO_INT64", T.INT64)]:
        attributes = dict(cast_to=cast, map_form="SPARSE", max_map=5)
        case(f"cast_map_{cast}", lambda: graph("CastMap", T.INT64, T.FLOAT, kind, **attributes), {}, True, maps={"X": {0: 1.5, 3: -2.75}})


def all_by_hand():
    for make in [regressors, classifiers, ensembles, linear, machines, columns, categories, maps]:
        make()
