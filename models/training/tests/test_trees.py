"""What of trees cannot be exported is said before anything is."""

import unittest

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier

from training import trees


class Trees(unittest.TestCase):
    def test_splits_by_category_are_refused_by_what_to_do(self):
        random = np.random.default_rng(3)
        frame = pd.DataFrame({"a__region": random.integers(0, 9, 300).astype(float), "a__income": random.normal(size=300)})
        outcome = (frame["a__region"] % 2 == 0).astype(int)
        model = trees.pipeline(frame, HistGradientBoostingClassifier(max_iter=3, categorical_features=[0])).fit(frame, outcome)
        with self.assertRaisesRegex(ValueError, "encode categories before"):
            trees.graph_of(model, "categories", frame)


if __name__ == "__main__":
    unittest.main()
