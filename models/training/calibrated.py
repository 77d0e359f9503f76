"""A calibrator behind trees or a linear model (scikit-learn's `CalibratedClassifierCV` with `ensemble=False`) within the graph, and what
each input contributed through it.

skl2onnx 1.20 writes an isotonic calibrator that takes the nearest of its points, where scikit-learn goes straight from one to the next:
probabilities are hundredths off. Here the graph goes straight too.
"""

import numpy as np
import onnx
import onnxruntime
from lightgbm import LGBMClassifier
from onnx import TensorProto, helper, numpy_helper
from scipy.special import expit
from skl2onnx import convert_sklearn
from sklearn.calibration import CalibratedClassifierCV, _SigmoidCalibration
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from . import additive, columns, figures, trees
from .covers import ensemble


def parts(fitted):
    """The one model that was fitted (a pipeline of `encode` and `score`) and the calibrator behind it."""
    if not isinstance(fitted, CalibratedClassifierCV):
        raise ValueError(f"expected a fitted `CalibratedClassifierCV`, found `{type(fitted).__name__}`: the calibrator stands around the pipeline")
    if len(fitted.classes_) != 2:
        raise ValueError(f"expected two classes, found {len(fitted.classes_)}")
    if len(fitted.calibrated_classifiers_) != 1:
        raise ValueError("expected one calibrated model (`ensemble=False`): what an average of several is made of, nobody can say by input")
    (one,) = fitted.calibrated_classifiers_
    (calibrator,) = one.calibrators
    if not isinstance(calibrator, (IsotonicRegression, _SigmoidCalibration)):
        raise ValueError(f"`method`: expected `sigmoid` or `isotonic`, found `{fitted.method}`")
    if not isinstance(one.estimator, Pipeline) or [name for name, _ in one.estimator.steps] != ["encode", "score"]:
        raise ValueError("expected a pipeline of the steps `encode` and `score` (`trees.pipeline`), which the calibrator fits (`cv=5`)")
    return one.estimator, calibrator


def tells_margins(score):
    """Whether scikit-learn calibrates what the model adds up, and not its probability."""
    return hasattr(score, "decision_function")


def graph_of(fitted, name, frame):
    model, calibrator = parts(fitted)
    score = model.named_steps["score"]
    options = {"raw_scores": True} if tells_margins(score) else {}
    if isinstance(score, LogisticRegression):
        options = {id(score): {"zipmap": False, **options}}
        graph = convert_sklearn(model, name, columns.typed(frame), options=options, target_opset=trees.OPSET)
    else:
        # The converter of LightGBM has no such option.
        is_lightgbm = isinstance(score, LGBMClassifier)
        graph = trees.graph_of(model, name, frame, **({} if is_lightgbm else options))
        if is_lightgbm and tells_margins(score):
            transform = next(one for one in ensemble(graph.graph).attribute if one.name == "post_transform")
            transform.s = b"NONE"
    said = rename(graph.graph, graph.graph.output[1].name)
    del graph.graph.output[:]
    nodes, held = behind(calibrator, said)
    graph.graph.node.extend(nodes)
    graph.graph.initializer.extend(held)
    graph.graph.output.append(helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, 2]))
    onnx.checker.check_model(graph)
    return graph


def log_odds(fitted, frame):
    return figures.log_odds(fitted.predict_proba(frame)[:, 1])


def explained(fitted, frame):
    """Of each row and input, to what the model says before it is calibrated, and what they stand beside. A linear model's stand beside
    one row: ship them with `beside_golden_rows`."""
    model, _ = parts(fitted)
    if isinstance(model.named_steps["score"], LogisticRegression):
        return additive.contributions(model.decision_function, frame)
    return trees.explained(model, frame)


def rename(graph, said):
    """What the model says may not be called as what the calibrator makes of it."""
    for node in graph.node:
        node.input[:] = ["said" if name == said else name for name in node.input]
        node.output[:] = ["said" if name == said else name for name in node.output]
    return "said"


def behind(calibrator, said):
    """The calibrator over the second column of what the model says, as nodes and what they hold."""
    number = lambda name, value: numpy_helper.from_array(np.asarray(value, np.float32), name)
    held = [numpy_helper.from_array(np.array([1]), "of_default")]
    nodes = [helper.make_node("Gather", [said, "of_default"], ["margin"], axis=1)]
    if isinstance(calibrator, IsotonicRegression):
        x, y = (np.asarray(one, np.float32) for one in (calibrator.X_thresholds_, calibrator.y_thresholds_))
        # From one point to the next as far as the margin goes: before the first of them nothing is added, after the last all is.
        slopes = np.diff(y.astype(np.float64)) / np.diff(x.astype(np.float64))
        held += [number("from", x[:-1]), number("width", np.diff(x)), number("slope", slopes[:, None]), number("first", y[:1]), number("zero", [0])]
        nodes += [
            helper.make_node("Sub", ["margin", "from"], ["beyond"]),
            helper.make_node("Max", ["beyond", "zero"], ["begun"]),
            helper.make_node("Min", ["begun", "width"], ["gone"]),
            helper.make_node("MatMul", ["gone", "slope"], ["climbed"]),
            helper.make_node("Add", ["climbed", "first"], ["bad"]),
        ]
    else:
        held += [number("a", [-calibrator.a_]), number("b", [-calibrator.b_])]
        nodes += [
            helper.make_node("Mul", ["margin", "a"], ["stretched"]),
            helper.make_node("Add", ["stretched", "b"], ["moved"]),
            helper.make_node("Sigmoid", ["moved"], ["bad"]),
        ]
    held += [number("one", [1])]
    nodes += [helper.make_node("Sub", ["one", "bad"], ["good"]), helper.make_node("Concat", ["good", "bad"], ["probabilities"], axis=1)]
    return nodes, held


def probability_of(calibrator, margins):
    """What the nodes of the calibrator make of margins, in float32."""
    nodes, held = behind(calibrator, "said")
    given = helper.make_tensor_value_info("said", TensorProto.FLOAT, [None, 2])
    made = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, 2])
    graph = helper.make_graph(nodes, "calibrator", [given], [made], held)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", trees.OPSET[""])], ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    said = np.stack([np.zeros(len(margins)), margins], axis=1).astype(np.float32)
    return session.run(None, {"said": said})[0][:, 1]


def bend(fitted):
    """Makes of contributions to what the model says, and what they stand beside, the same to the log-odds of the probabilities `scored`.

    The slope of the calibrator from the least to the greatest of the golden rows holds for all; what it bends besides goes to those that
    pull the same way, and where none does it is taken from the others. So none changes its sign, and a jump near the base makes none large.
    """
    model, calibrator = parts(fitted)
    score = model.named_steps["score"]

    def of_log_odds(contributions, base, scored, golden):
        told = figures.log_odds(scored.astype(np.float64))
        sums = contributions.sum(axis=1)
        least, most = (golden[at] for at in (np.argmin(sums[golden]), np.argmax(sums[golden])))
        slope = (told[most] - told[least]) / (sums[most] - sums[least])
        said = base if tells_margins(score) or trees.explain_probability(score) else expit(base)
        at_base = float(figures.log_odds(probability_of(calibrator, [said]).astype(np.float64))[0])
        bent = slope * contributions
        besides = told - at_base - bent.sum(axis=1)
        along = (bent != 0) & ((bent > 0) == (besides > 0)[:, None])
        taken = np.where(along.any(axis=1)[:, None], along, ~along)
        sizes = np.where(taken, bent, 0).sum(axis=1)
        factors = 1 + np.divide(besides, sizes, out=np.zeros_like(besides), where=sizes != 0)
        return np.where(taken, bent * factors[:, None], bent), at_base

    return of_log_odds
