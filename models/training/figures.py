"""How well a model tells good from bad (AUC, KS), and whether what it says happens (calibration)."""

import numpy as np
from scipy.special import expit
from scipy.stats import ks_2samp
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.model_selection import StratifiedKFold

from . import SEED

HEAD = ["| on | AUC | KS | Brier | foretold bad | were bad | slope | intercept |", "|---|---|---|---|---|---|---|---|"]
# A probability of 0 or 1 has no odds; nothing is surer than this, as the gate has it.
SUREST = 1e-6


def log_odds(probability):
    probability = np.clip(probability, SUREST, 1 - SUREST)
    return np.log(probability / (1 - probability))


def unseen_log_odds(model, log_odds_of, frame, outcome):
    """Of each row by a model of the same form that was fitted on the other four fifths."""
    told = np.empty(len(frame))
    for fit, tell in StratifiedKFold(5, shuffle=True, random_state=SEED).split(frame, outcome):
        told[tell] = log_odds_of(model().fit(frame.iloc[fit], outcome[fit]), frame.iloc[tell])
    return told


def line_through(outcome, told):
    """Slope and intercept of the log-odds of what happened over those that were told: 1 and 0 if it happens as told (Cox 1958)."""
    fitted = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-10).fit(told[:, None], outcome)
    return float(fitted.coef_[0, 0]), float(fitted.intercept_[0])


def row(what, outcome, told):
    """A line of the card's table, of log-odds after calibration."""
    probability = expit(told)
    bad, good = told[outcome == 1], told[outcome == 0]
    # Where all bad stand above all good, a steeper line is always better.
    line = "{:.2f} | {:.2f}".format(*line_through(outcome, told)) if bad.min() <= good.max() else "– | –"
    shares = f"{probability.mean():.1%} | {outcome.mean():.1%}".replace("%", " %")
    auc, brier = roc_auc_score(outcome, told), brier_score_loss(outcome, probability)
    return f"| {what} | {auc:.4f} | {ks_2samp(bad, good).statistic:.4f} | {brier:.4f} | {shares} | {line} |"
