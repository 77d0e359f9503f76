"""What of trees cannot be exported is said before anything is."""

import unittest

import numpy as np
import pandas as pd
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier

from training import trees


class Trees(unittest.TestCase):
    def test_splits_by_category_are_refused_by_what_to_do(self):
        random = np.random.default_rng(3)
        frame = pd.DataFrame({"a__region": random.integers(0, 9, 300).astype(float), "a__income": random.normal(size=300)})
        outcome = (frame["a__region"] % 2 == 0).astype(int)
        model = trees.pipeline(frame, HistGradientBoostingClassifier(max_iter=3, categorical_features=[0])).fit(frame, outcome)
        with self.assertRaisesRegex(ValueError, "encode categories before"):
            trees.graph_of(model, "categories", frame)

    def test_contributions_of_a_forest_sum_where_it_says_just_what_it_says_on_the_average(self):
        frame = pd.DataFrame({"a__x": [0.0, 1.0, 2.0, 3.0] * 10})
        model = trees.pipeline(frame, ExtraTreesClassifier(n_estimators=1, random_state=1)).fit(frame, [0, 1, 0, 1] * 10)
        contributions, base = trees.contributions(model, frame)
        np.testing.assert_allclose(base + contributions.sum(axis=1), trees.log_odds(model, frame), atol=1e-9)
        rises = trees.log_odds_per_probability(0.3, np.array([0.3, 0.3 + 1e-7, 1.0]))
        np.testing.assert_allclose(rises[:2], 1 / 0.21, rtol=1e-6)
        self.assertTrue(np.isfinite(rises).all())


if __name__ == "__main__":
    unittest.main()
