"""The nodes of a calibrator beside what scikit-learn says, and contributions through it."""

import unittest

import numpy as np
import pandas as pd
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.isotonic import IsotonicRegression
from sklearn.pipeline import Pipeline

from training import calibrated, columns

RANDOM = np.random.default_rng(5)
FRAME = pd.DataFrame({"a__income": RANDOM.normal(size=400), "a__age": RANDOM.integers(18, 80, 400).astype(float)})
OUTCOME = (FRAME["a__income"] + RANDOM.normal(size=400) > 0).astype(int).to_numpy()


def fitted(method, ensemble=False):
    model = Pipeline([("encode", columns.one_hot(FRAME)), ("score", GradientBoostingClassifier(n_estimators=5, random_state=0))])
    return CalibratedClassifierCV(model, method=method, cv=3, ensemble=ensemble).fit(FRAME, OUTCOME)


class Calibrated(unittest.TestCase):
    def test_an_isotonic_calibrator_goes_straight_from_point_to_point_and_stays_beyond_its_ends(self):
        x, y = np.array([-2.0, -0.5, 0.0, 0.75, 3.0]), np.array([0.1, 0.1, 0.3, 0.35, 0.9])
        isotonic = IsotonicRegression(out_of_bounds="clip").fit(x, y)
        asked = np.linspace(-4, 5, 1000)
        apart = np.abs(calibrated.probability_of(isotonic, asked) - isotonic.predict(asked)).max()
        self.assertLess(apart, 1e-6)

    def test_the_calibrators_of_a_fitted_model_say_what_it_says(self):
        for method in ["isotonic", "sigmoid"]:
            with self.subTest(method):
                model = fitted(method)
                one, calibrator = calibrated.parts(model)
                told = calibrated.probability_of(calibrator, one.decision_function(FRAME))
                self.assertLess(np.quantile(np.abs(told - model.predict_proba(FRAME)[:, 1]), 0.99), 1e-6)

    def test_bent_contributions_sum_to_the_log_odds(self):
        for method in ["isotonic", "sigmoid"]:
            with self.subTest(method):
                model = fitted(method)
                values, base = calibrated.explained(model, FRAME)
                scored = model.predict_proba(FRAME)[:, 1]
                bent, at_base = calibrated.bend(model)(values, base, scored, list(range(50)))
                self.assertLess(np.abs(at_base + bent.sum(axis=1) - calibrated.log_odds(model, FRAME)).max(), 1e-9)

    def test_bent_contributions_keep_their_sign(self):
        model = fitted("isotonic")
        values, base = calibrated.explained(model, FRAME)
        bent, _ = calibrated.bend(model)(values, base, model.predict_proba(FRAME)[:, 1], list(range(50)))
        self.assertTrue((np.sign(bent) * np.sign(values) >= 0).all())

    def test_what_cannot_be_taken_apart_is_refused_by_what_to_do(self):
        pipeline = Pipeline([("encode", columns.one_hot(FRAME)), ("model", GradientBoostingClassifier(n_estimators=2))])
        named = CalibratedClassifierCV(pipeline, ensemble=False, cv=2).fit(FRAME, OUTCOME)
        three = CalibratedClassifierCV(GradientBoostingClassifier(n_estimators=2), ensemble=False, cv=2).fit(FRAME, OUTCOME + (FRAME["a__age"] > 70))
        for model, said in [(named, "`encode` and `score`"), (three, "two classes, found 3"), (pipeline.fit(FRAME, OUTCOME), "`CalibratedClassifierCV`")]:
            with self.subTest(said), self.assertRaisesRegex(ValueError, said):
                calibrated.graph_of(model, "refused", FRAME)

    def test_an_average_of_several_is_refused_by_what_to_do(self):
        with self.assertRaisesRegex(ValueError, "ensemble=False"):
            calibrated.graph_of(fitted("sigmoid", ensemble=True), "several", FRAME)


if __name__ == "__main__":
    unittest.main()
