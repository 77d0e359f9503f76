"""Weight of evidence and information value against published tables, and bins that only rise or only fall.

`woe_iv_tables.json` holds the tables that optbinning's documentation prints (Apache-2.0); each names its page.
"""

import json
import unittest
from pathlib import Path

import numpy as np
import pandas as pd

from training.weight_of_evidence import FEWEST_IN_BIN, MOST_BINS, Bins, WeightOfEvidence, bins

TABLES = json.loads((Path(__file__).parent / "woe_iv_tables.json").read_text())["tables"]


def drawn(count=400):
    """The higher the number, the more are bad; of the texts, `worst` and then `middle`."""
    chance = np.random.default_rng(7)
    number = chance.normal(size=count).round(3)
    text = chance.choice(["best", "middle", "worst"], count)
    risk = 0.15 + 0.25 * (number > 0) + 0.15 * (text == "middle") + 0.35 * (text == "worst")
    return pd.DataFrame({"number": number, "text": text}), (chance.random(count) < risk).astype(int)


class WeightOfEvidenceTest(unittest.TestCase):
    def test_evidence_and_information_are_those_of_the_published_tables(self):
        self.assertGreater(len(TABLES), 5)
        for table in TABLES:
            rows = [row for row in table["rows"] if not row["total"]]
            (total,) = [row for row in table["rows"] if row["total"]]
            of = Bins(None, np.array([]), np.array([r["non_event"] for r in rows]), np.array([r["event"] for r in rows]))
            np.testing.assert_allclose(of.evidence, [r["woe"] for r in rows], atol=1e-6, err_msg=table["source"])
            self.assertAlmostEqual(of.information, total["iv"], 6, table["source"])

    def test_bins_only_fall_where_risk_rises_and_none_is_small(self):
        frame, outcome = drawn()
        for name in frame:
            of = bins(frame[name], outcome)
            self.assertTrue((np.diff(of.bad / (of.good + of.bad)) > 0).all(), of)
            self.assertTrue(1 < len(of.good) <= MOST_BINS and (of.good + of.bad).min() >= FEWEST_IN_BIN * len(outcome), of)
            self.assertTrue((np.bincount(of.places(frame[name])) == of.good + of.bad).all(), of)

    def test_texts_stand_in_the_order_of_their_risk_and_an_unknown_one_with_the_worst(self):
        frame, outcome = drawn()
        of = bins(frame["text"], outcome)
        self.assertEqual(list(of.codes), ["best", "middle", "worst"])
        self.assertEqual(of.places(pd.Series(["never seen"])), of.places(pd.Series(["worst"])))

    def test_an_input_that_tells_nothing_is_left_out(self):
        frame, outcome = drawn()
        frame["noise"] = np.arange(len(frame)) % 2
        fitted = WeightOfEvidence().fit(frame, outcome)
        self.assertEqual(list(fitted.bins_), ["number", "text"])
        self.assertEqual(fitted.transform(frame).shape, (len(frame), 2))
