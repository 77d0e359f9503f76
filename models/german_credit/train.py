"""Trains the German Credit scorecard and writes the whole package beside this file: a logistic regression over one-hot encoded texts
and standardised numbers. It is the champion that ships, so its bytes stay.
"""

from pathlib import Path

from training import applicants, card, columns, figures, package

import numpy as np
from onnx import TensorProto, helper
from skl2onnx import convert_sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

HERE = Path(__file__).parent
NAME, VERSION, OPSET = "german_credit", 1, {"": 17, "ai.onnx.ml": 1}


def pipeline(frame):
    logistic = LogisticRegression(C=0.3, solver="newton-cholesky", tol=1e-10)
    return Pipeline([("encode", columns.one_hot(frame, StandardScaler())), ("score", logistic)])


def add_contributions(model, owner, coefficients, means, names):
    """One more output: what each input adds to the log-odds of default, beside the average of the training rows.

    A LinearRegressor with a target for each input over the encoded tensor that the classifier itself reads."""
    classifier = next(node for node in model.graph.node if node.op_type == "LinearClassifier")
    weights = np.array([[c if o == name else 0.0 for o, c in zip(owner, coefficients)] for name in names])
    node = helper.make_node(
        "LinearRegressor", [classifier.input[0]], ["contributions"], name="Contributions", domain="ai.onnx.ml",
        coefficients=weights.astype(np.float32).ravel().tolist(),
        intercepts=(-weights @ means).astype(np.float32).tolist(), targets=len(names),
    )
    model.graph.node.append(node)
    model.graph.output.append(helper.make_tensor_value_info("contributions", TensorProto.FLOAT, [None, len(names)]))


def main():
    data = applicants.read()
    frame, outcome, train, holdout = data.frame, data.outcome, data.train, data.holdout
    fitted = pipeline(frame).fit(frame.iloc[train], outcome[train])
    encode, logistic = fitted.named_steps["encode"], fitted.named_steps["score"]
    coefficients, means = logistic.coef_[0], encode.transform(frame.iloc[train]).mean(axis=0)

    graph = convert_sklearn(fitted, NAME, columns.typed(frame), options={"zipmap": False}, target_opset=OPSET)
    add_contributions(graph, columns.owners(frame, encode), coefficients, means, list(frame))
    told = fitted.decision_function(frame)
    differing = package.write(HERE, package.Package(
        NAME, VERSION, "credit-risk", applicants.TRAINING_DATA, applicants.REASONS, graph, frame,
        fitted.predict_proba(frame)[:, 1], told, None, round(float(logistic.intercept_[0] + coefficients @ means), package.PLACES),
    ))
    applicants.write_split(data)

    unseen = lambda rows: figures.unseen_log_odds(
        lambda: pipeline(frame), lambda model, frame: model.decision_function(frame), frame.iloc[rows], outcome[rows])
    everybody = np.arange(len(frame))
    card.write(
        HERE, "German Credit scorecard",
        f"Version {VERSION}. Logistic regression over one-hot encoded text and standardised numbers, "
        "giving the probability that a loan goes bad and what each input adds to its log-odds.",
        [figures.row("5-fold, all 1,000 applicants (models of the same form)", outcome, unseen(everybody)),
         figures.row("5-fold, the 700 it was trained on", outcome[train], unseen(train)),
         figures.row("the 300 it has not seen", outcome[holdout], told[holdout]),
         figures.row("the 700 it was trained on, by the model itself (optimistic)", outcome[train], told[train])],
        *applicants.ABOUT, card.differing(differing),
    )


if __name__ == "__main__":
    main()
