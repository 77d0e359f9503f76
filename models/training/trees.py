"""Forests and boosted trees of scikit-learn, XGBoost, LightGBM and CatBoost behind their encoded columns: the graph with covers, the log-odds,
and what each input contributed to them by the shap library.
"""

import numpy as np
import shap
from lightgbm import LGBMClassifier
from onnxmltools.convert.lightgbm.operator_converters.LightGbm import convert_lightgbm
from onnxmltools.convert.xgboost.operator_converters.XGBoost import convert_xgboost
from skl2onnx import convert_sklearn, update_registered_converter
from skl2onnx.common.shape_calculator import calculate_linear_classifier_output_shapes
from skl2onnx.operator_converters.random_forest import convert_sklearn_random_forest_classifier
from sklearn.ensemble import ExtraTreesClassifier, GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.pipeline import Pipeline
from xgboost import XGBClassifier

from . import catboost_trees, columns, covers, figures

OPSET = {"": 17, "ai.onnx.ml": 3}
OPTIONS = {"zipmap": [False], "nocl": [False]}


def convert_histogram(scope, operator, container):
    """skl2onnx 1.20 writes truth values and NumPy's numbers where onnx 1.23 takes integers alone."""
    add = container.add_node
    whole = lambda value: isinstance(value, list) and all(isinstance(one, (bool, int, np.bool_, np.integer)) for one in value)
    integers = lambda value: [int(one) for one in value] if whole(value) else value
    container.add_node = lambda *node, **more: add(*node, **{name: integers(value) for name, value in more.items()})
    convert_sklearn_random_forest_classifier(scope, operator, container)
    container.add_node = add


update_registered_converter(
    HistGradientBoostingClassifier, "SklearnHistGradientBoostingClassifier", calculate_linear_classifier_output_shapes, convert_histogram,
    options={**OPTIONS, "raw_scores": [True, False], "output_class_labels": [False]},
)
for kind, alias, convert in [(XGBClassifier, "XGBoostXGBClassifier", convert_xgboost), (LGBMClassifier, "LightGbmLGBMClassifier", convert_lightgbm)]:
    update_registered_converter(kind, alias, calculate_linear_classifier_output_shapes, convert, options=OPTIONS)


def pipeline(frame, classifier):
    return Pipeline([("encode", columns.one_hot(frame)), ("score", classifier)])


def graph_of(fitted, name, frame, **options):
    score = fitted.named_steps["score"]
    if isinstance(score, HistGradientBoostingClassifier) and score.is_categorical_ is not None:
        raise ValueError("`categorical_features`: skl2onnx writes no split by category: encode categories before (`columns.one_hot`)")
    if catboost_trees.is_catboost(score):
        model = catboost_trees.graph_of(fitted, name, frame, OPSET)
    else:
        model = convert_sklearn(fitted, name, columns.typed(frame), options={id(score): {"zipmap": False, **options}}, target_opset=OPSET)
    covers.write_covers(model.graph, covers_of(score, model.graph))
    return model


def covers_of(score, graph):
    match score:
        case RandomForestClassifier() | ExtraTreesClassifier() | GradientBoostingClassifier():
            return covers.sklearn_covers(score)
        case HistGradientBoostingClassifier():
            return covers.histogram_covers(score, graph)
        case XGBClassifier():
            return covers.xgboost_covers(score, graph)
        case LGBMClassifier():
            return covers.lightgbm_covers(score, graph)
        case _ if catboost_trees.is_catboost(score):
            return catboost_trees.covers(score)


def log_odds(fitted, frame):
    score, rows = fitted.named_steps["score"], fitted.named_steps["encode"].transform(frame)
    match score:
        case RandomForestClassifier() | ExtraTreesClassifier():
            return figures.log_odds(score.predict_proba(rows)[:, 1])
        case GradientBoostingClassifier() | HistGradientBoostingClassifier():
            return score.decision_function(rows)
        case XGBClassifier():
            return score.predict(rows, output_margin=True).astype(np.float64)
        case LGBMClassifier():
            return score.predict(rows, raw_score=True)
        case _ if catboost_trees.is_catboost(score):
            return score.predict(rows, prediction_type="RawFormulaVal")


def explain_probability(score):
    """Whether what the trees add up is the probability itself, and not its log-odds."""
    return isinstance(score, (RandomForestClassifier, ExtraTreesClassifier))


def explained(fitted, frame):
    """Of each row and input, to what the trees add up, and what they stand beside."""
    encode = fitted.named_steps["encode"]
    explainer = shap.TreeExplainer(fitted.named_steps["score"])
    values = explainer.shap_values(encode.transform(frame), check_additivity=False)
    values, base = values[..., 1] if values.ndim == 3 else values, float(np.ravel(explainer.expected_value)[-1])
    owner = np.array(columns.owners(frame, encode))
    return np.stack([values[:, owner == name].sum(axis=1) for name in frame], axis=1), base


def log_odds_per_probability(base, probability):
    """By how much the log-odds rise with the probability on the way from one to the other."""
    way = probability - base
    slope = 1 / (base * (1 - base))
    return np.where(np.abs(way) < 1e-9, slope, (figures.log_odds(probability) - figures.log_odds(base)) / np.where(way == 0, 1, way))


def contributions(fitted, frame):
    """Of each row and input, to the log-odds, and what they stand beside."""
    values, base = explained(fitted, frame)
    if explain_probability(fitted.named_steps["score"]):
        values = values * log_odds_per_probability(base, base + values.sum(axis=1))[:, None]
        base = float(figures.log_odds(base))
    return values, base
