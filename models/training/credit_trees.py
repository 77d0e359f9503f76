"""Ships an ensemble of trees trained on German Credit: calibrated on rows it did not see, explained, with its card."""

import numpy as np

from . import applicants, card, figures, package, trees


def ship(folder, name, title, opening, classifier, version=1):
    """`classifier` makes one that is not fitted yet."""
    data = applicants.read()
    frame, outcome, train, holdout = data.frame, data.outcome, data.train, data.holdout
    pipeline = lambda: trees.pipeline(frame, classifier())
    fitted = pipeline().fit(frame.iloc[train], outcome[train])
    unseen = figures.unseen_log_odds(pipeline, trees.log_odds, frame.iloc[train], outcome[train])
    a, b = figures.line_through(outcome[train], unseen)

    told = trees.log_odds(fitted, frame)
    contributions, base = trees.contributions(fitted, frame)
    differing = package.write(folder, package.Package(
        name, version, "credit-risk", applicants.TRAINING_DATA, applicants.REASONS, trees.graph_of(fitted, name, frame), frame,
        fitted.predict_proba(frame)[:, 1].astype(np.float64), told, contributions, round(base, package.PLACES), (a, b),
    ))
    calibrated = a * told + b
    card.write(
        folder, title, f"Version {version}. {opening}",
        [figures.row("5-fold, the 700 it was trained on (models of the same form)", outcome[train], a * unseen + b),
         figures.row("the 300 it has not seen", outcome[holdout], calibrated[holdout]),
         figures.row("the 700 it was trained on, by the model itself (optimistic)", outcome[train], calibrated[train])],
        f"**Calibration.** Its own log-odds, times {a:.3f}, plus {b:.3f}: the line that five models of the same form tell the outcome of "
        "rows with that they were not trained on. The figures above are after it.",
        *applicants.ABOUT, card.differing(differing),
    )
