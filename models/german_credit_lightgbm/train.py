"""Trains boosted trees of LightGBM on German Credit and writes the whole package beside this file."""

from pathlib import Path

from training import SEED, credit_trees

from lightgbm import LGBMClassifier


def classifier():
    return LGBMClassifier(
        n_estimators=150, num_leaves=7, learning_rate=0.05, min_child_samples=20, subsample=0.7, subsample_freq=1,
        colsample_bytree=0.5, random_state=SEED, n_jobs=1, deterministic=True, force_row_wise=True, verbose=-1,
    )


if __name__ == "__main__":
    credit_trees.ship(
        Path(__file__).parent, "german_credit_lightgbm", "German Credit by LightGBM",
        "150 boosted trees of seven leaves, over one-hot encoded text and numbers as they are.",
        classifier,
    )
