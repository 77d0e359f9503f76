"""Trains boosted trees on the demo's telemetry, to tell planted fraud from the rest, and writes the whole package beside this file."""

from pathlib import Path

from training import SEED, card, figures, package, trees

import numpy as np
from sklearn.metrics import roc_auc_score
from xgboost import XGBClassifier

from . import telemetry

HERE = Path(__file__).parent
NAME = "application_fraud"
TRAINING_DATA = f"weir demo --vectors, seeds {', '.join(map(str, telemetry.SEEDS['train']))} (vectors.csv.gz): made up, fraud planted"


def fitted(frame, outcome):
    boosted = XGBClassifier(n_estimators=60, max_depth=3, learning_rate=0.1, reg_lambda=5.0, random_state=SEED, n_jobs=1)
    return trees.pipeline(frame, boosted).fit(frame, outcome)


def never_shown(data, kind):
    """How well a model that was trained without one kind of fraud tells it from the rest."""
    shown, asked = data.train & (data.planted != kind), ~data.train & data.planted.isin(["nothing", kind])
    model = fitted(data.frame[shown], (data.planted != "nothing")[shown])
    auc = roc_auc_score(data.planted[asked] == kind, trees.log_odds(model, data.frame[asked]))
    return f"| {kind} | {(data.planted[asked] == kind).sum()} | {auc:.4f} |"


def parts(data, differing):
    kinds = [kind for kind in sorted(data.planted.unique()) if kind != "nothing"]
    return [
        f"**Data.** Made up: the telemetry of {len(data.frame)} applicants of `weir demo`, a thousand for each seed, none of them the demo's default. "
        f"{data.incomplete} more lacked an input and are left out.",
        "**What the figures mean.** The fraud is planted by the demo: rings of six on one device and address, and bots whose forms fill themselves in. "
        "One input alone gives each of them away. So the model finds all of them, which "
        "shows that telemetry, views, export and scoring fit together. It says nothing about fraud that people commit.",
        "**What it was not shown, it may not find.** Trained without one kind, and asked for it:\n\n"
        "| kind | unseen | AUC |\n|---|---|---|\n" + "\n".join(never_shown(data, kind) for kind in kinds),
        "**Not inputs.** What the applicant declared. What the carrier knows: who keeps that consent back must not be without a score. Features that are "
        "true or false, which a model cannot read: the counts behind them are inputs.",
        "**Use.** Beside the model that decides, as a shadow, or for the eyes of a reviewer. Its probability is of planted fraud, not of default: the bands of a credit "
        "policy mean nothing for it. How somebody types and taps may differ with age or disability: nothing it says may decline anybody alone.",
        "**Unknown values.** Whoever withholds consent to device or behaviour, or has not used the app, has no score: nothing is imputed.",
        "**Calibration.** None: a model that is never wrong on what it is tested on has no line to be fitted.",
        card.differing(differing),
    ]


def main():
    data = telemetry.read()
    outcome = (data.planted != "nothing").astype(int).to_numpy()
    model = fitted(data.frame[data.train], outcome[data.train])
    told = trees.log_odds(model, data.frame)
    contributions, base = trees.contributions(model, data.frame)
    differing = package.write(HERE, package.Package(
        NAME, 1, "fraud", TRAINING_DATA, telemetry.INPUTS, trees.graph_of(model, NAME, data.frame), data.frame,
        model.predict_proba(data.frame)[:, 1].astype(np.float64), told, contributions, round(base, package.PLACES),
        telling=np.flatnonzero(~data.train & (outcome == 1))[:16].tolist(),
    ))
    seeds = {part: ", ".join(map(str, of)) for part, of in telemetry.SEEDS.items()}
    card.write(
        HERE, "Application fraud",
        "Version 1. 60 boosted trees of XGBoost of depth three over device, address, form and tap telemetry, giving the probability that an "
        "application is one that the demo planted.",
        [figures.row(f"the applicants not seen, seeds {seeds['unseen']}", outcome[~data.train], told[~data.train]),
         figures.row(f"the applicants it was trained on, seeds {seeds['train']}", outcome[data.train], told[data.train])],
        *parts(data, differing),
    )


if __name__ == "__main__":
    main()
