"""Trains a random forest on German Credit and writes the whole package beside this file."""

from pathlib import Path

from training import SEED, credit_trees

from sklearn.ensemble import RandomForestClassifier


def classifier():
    return RandomForestClassifier(100, min_samples_leaf=8, random_state=SEED, n_jobs=1)


if __name__ == "__main__":
    credit_trees.ship(
        Path(__file__).parent, "german_credit_forest", "German Credit random forest",
        "100 trees of scikit-learn with at least eight applicants at each leaf, over one-hot encoded text and numbers as they are.",
        classifier,
    )
