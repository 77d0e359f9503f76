"""Trains boosted trees of XGBoost on German Credit and writes the whole package beside this file."""

from pathlib import Path

from training import SEED, credit_trees

from xgboost import XGBClassifier


def classifier():
    return XGBClassifier(n_estimators=150, max_depth=3, learning_rate=0.05, subsample=0.7, colsample_bytree=0.5, random_state=SEED, n_jobs=1)


if __name__ == "__main__":
    credit_trees.ship(
        Path(__file__).parent, "german_credit_xgboost", "German Credit by XGBoost",
        "150 boosted trees of depth three, over one-hot encoded text and numbers as they are.",
        classifier,
    )
