"""Trains a scorecard of weight-of-evidence bins on German Credit and writes the whole package beside this file."""

from pathlib import Path

from training import applicants, card, figures, package
from training.scorecard import Line, graph_of
from training.weight_of_evidence import WeightOfEvidence

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

HERE = Path(__file__).parent
NAME = "german_credit_scorecard"
POINTS = package.POINTS_TO_DOUBLE / np.log(2)


def pipeline():
    # The penalty under which what the folds foretell needs no calibration: a slope of nearly one.
    logistic = LogisticRegression(C=0.1, solver="newton-cholesky", tol=1e-10)
    return Pipeline([("evidence", WeightOfEvidence()), ("score", logistic)])


def bounds(bins):
    """What falls into each bin, in words."""
    if bins.codes is not None:
        places = np.searchsorted(bins.upper, list(bins.codes.values()), side="left")
        return [", ".join(text for text, place in zip(bins.codes, places) if place == at) for at in range(len(bins.good))]
    edges = [f"{edge:g}" for edge in bins.upper]
    return [f"to {edges[0]}"] + [f"over {low} to {high}" for low, high in zip(edges, edges[1:])] + [f"over {edges[-1]}"]


def points(lines):
    """The card itself: points are what `weir` gives them, beside the training average."""
    table = ["| input | bin | applicants | bad | weight of evidence | points |", "|---|---|---|---|---|---|"]
    for line in lines:
        gains = -POINTS * (line.adds - line.average)
        for what, count, bad, evidence, gain in zip(bounds(line.bins), line.counts, line.bins.bad, line.bins.evidence, gains):
            table.append(f"| {line.name} | {what} | {count} | {bad / count:.0%} | {evidence:.3f} | {gain:.1f} |".replace("%", " %"))
    return "\n".join(table)


def main():
    data = applicants.read()
    outcome, train, holdout = data.outcome, data.train, data.holdout
    fitted = pipeline().fit(data.frame.iloc[train], outcome[train])
    evidence, logistic = fitted.named_steps["evidence"], fitted.named_steps["score"]
    lines = [Line(name, bins, coefficient * bins.evidence) for (name, bins), coefficient in zip(evidence.bins_.items(), logistic.coef_[0])]
    assert (logistic.coef_ < 0).all(), "more evidence for good must never mean more risk"

    frame, told = data.frame[list(evidence.bins_)], fitted.decision_function(data.frame)
    contributions = np.stack([line.adds[line.bins.places(frame[line.name])] - line.average for line in lines], axis=1)
    intercept = float(logistic.intercept_[0])
    base = round(intercept + sum(line.average for line in lines), package.PLACES)
    differing = package.write(HERE, package.Package(
        NAME, 1, "credit-risk", applicants.TRAINING_DATA, applicants.REASONS, graph_of(NAME, lines, intercept), frame,
        fitted.predict_proba(data.frame)[:, 1], told, contributions, base,
    ))

    unseen = figures.unseen_log_odds(pipeline, lambda model, frame: model.decision_function(frame), data.frame.iloc[train], outcome[train])
    left_out = [f"{name} ({value:.3f})" for name, value in evidence.information_.items() if name not in evidence.bins_]
    card.write(
        HERE, "German Credit scorecard by weight of evidence",
        "Version 1. A logistic regression over the weight of evidence of at most five bins an input, which only rise or only fall.",
        [figures.row("5-fold, the 700 it was trained on (bins made anew in each fold)", outcome[train], unseen),
         figures.row("the 300 it has not seen", outcome[holdout], told[holdout]),
         figures.row("the 700 it was trained on, by the model itself (optimistic)", outcome[train], told[train])],
        points(lines), f"**Left out**, with an information value below 0.02: {', '.join(left_out)}.",
        *applicants.ABOUT, card.differing(differing),
    )


if __name__ == "__main__":
    main()
