"""Bins of one input and their weight of evidence: how much likelier the good are to be in a bin than the bad, as a logarithm.

`ln((good in the bin / all good) / (bad in the bin / all bad))`; the information value of an input is the sum over its bins of the
difference of the two shares times that (Siddiqi 2006, chapter 6). Bins are the leaves of a small tree that may only fall or only
rise; the values of a text stand in the order of their share of bad.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.tree import DecisionTreeClassifier

MOST_BINS = 5
FEWEST_IN_BIN = 0.05  # of all


@dataclass(frozen=True)
class Bins:
    codes: dict[str, int] | None  # of the values of a text; a number stands for itself
    upper: np.ndarray  # the highest value of each bin but the last
    good: np.ndarray
    bad: np.ndarray

    @property
    def shares(self):
        return self.good / self.good.sum(), self.bad / self.bad.sum()

    @property
    def evidence(self):
        """Zero where a bin holds only good or only bad: too few to tell."""
        good, bad = self.shares
        known = (good > 0) & (bad > 0)
        return np.where(known, np.log(np.where(known, good, 1.0) / np.where(known, bad, 1.0)), 0.0)

    @property
    def information(self):
        good, bad = self.shares
        return float(((good - bad) * self.evidence).sum())

    def numbers(self, column):
        """A text that was not there stands behind all others."""
        numbers = column if self.codes is None else column.map(self.codes).fillna(len(self.codes))
        return numbers.to_numpy(np.float32)

    def places(self, column):
        """The bin of each value."""
        return np.searchsorted(self.upper, self.numbers(column), side="left")


def ordered(column, outcome):
    """Texts from the one with the smallest share of bad to that with the largest."""
    bad = pd.Series(outcome, column.index).groupby(column).mean()
    return {text: code for code, text in enumerate(sorted(bad.index, key=lambda text: (bad[text], text)))}


def bins(column, outcome):
    codes = None if pd.api.types.is_numeric_dtype(column) else ordered(column, outcome)
    numbers = Bins(codes, np.array([]), np.array([]), np.array([])).numbers(column)[:, None]
    rises = 1 if np.corrcoef(numbers[:, 0], outcome)[0, 1] > 0 else -1
    tree = DecisionTreeClassifier(max_leaf_nodes=MOST_BINS, min_samples_leaf=FEWEST_IN_BIN, monotonic_cst=[rises], random_state=0)
    asked = tree.fit(numbers, outcome).tree_
    upper = np.sort(asked.threshold[asked.children_left >= 0]).astype(np.float32)
    places = np.searchsorted(upper, numbers[:, 0], side="left")
    count = lambda of: np.bincount(places[outcome == of], minlength=len(upper) + 1)
    return Bins(codes, upper, count(0), count(1))


class WeightOfEvidence(TransformerMixin, BaseEstimator):
    """Inputs that tell at least so much, each as the weight of evidence of its bin."""

    def __init__(self, least_information=0.02):
        self.least_information = least_information

    def fit(self, frame, outcome):
        found = {name: bins(frame[name], outcome) for name in frame}
        self.information_ = {name: of.information for name, of in found.items()}
        self.bins_ = {name: of for name, of in found.items() if of.information >= self.least_information}
        return self

    def transform(self, frame):
        return np.stack([of.evidence[of.places(frame[name])] for name, of in self.bins_.items()], axis=1)
