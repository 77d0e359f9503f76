"""A package of a small scorecard: what ONNX Runtime makes of its graph, and rows on which the training library says something else."""

import json
import tempfile
import tomllib
import unittest
import unittest.mock
from dataclasses import replace
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper
from scipy.special import expit

from training import edges, package
from training.scorecard import Line, graph_of
from training.tests.test_weight_of_evidence import drawn
from training.weight_of_evidence import bins

INTERCEPT = -0.7


def small():
    """Without a library: every bin adds its evidence."""
    frame, outcome = drawn()
    lines = [Line(name, of, -of.evidence) for name, of in ((name, bins(frame[name], outcome)) for name in frame)]
    contributions = np.stack([line.adds[line.bins.places(frame[line.name])] - line.average for line in lines], axis=1)
    base = INTERCEPT + sum(line.average for line in lines)
    told = base + contributions.sum(axis=1)
    reasons = {name: (name, f"Your {name}") for name in frame}
    return package.Package("small", 1, "test", "made up", reasons, graph_of("small", lines, INTERCEPT), frame, expit(told), told, contributions, base)


def written(of):
    """Differing rows, golden rows and manifest."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        differing = package.write(folder, of)
        golden = [json.loads(line) for line in (folder / "golden.jsonl").read_text().splitlines()]
        return differing, golden, tomllib.loads((folder / "model.toml").read_text())


class PackageTest(unittest.TestCase):
    def test_a_graph_that_bins_gives_what_its_card_says(self):
        differing, golden, manifest = written(small())
        self.assertEqual((differing, len(golden)), ([], package.GOLDEN_ROWS))
        self.assertNotIn("accepted_differences", manifest)
        self.assertEqual([(i["feature"], i["type"]) for i in manifest["input"]], [("number", "number"), ("text", "text")])
        for row in golden:
            self.assertAlmostEqual(row["onnxruntime"]["probability"], row["trained"]["probability"], 6)

    def test_rows_that_the_training_library_sees_otherwise_are_golden_and_accepted_by_number(self):
        of = small()
        other = of.probability.copy()
        other[[3, 250]] += 0.001
        differing, golden, manifest = written(replace(of, probability=other))
        self.assertEqual((differing, manifest["accepted_differences"]), ([3, 250], [3, 250]))
        self.assertLess({3, 250}, {row["row"] for row in golden})

    def test_edge_rows_hold_every_input_at_its_extremes_beside_constants_and_missing_with_the_runtimes_answers(self):
        with tempfile.TemporaryDirectory() as name:
            package.write(Path(name), small())
            rows = [json.loads(line) for line in (Path(name) / "edges.jsonl").read_text().splitlines()]
        self.assertEqual({row["feature"] for row in rows}, {"number", "text"})
        numbers = [row["value"] for row in rows if row["feature"] == "number"]
        self.assertLess({None, "inf", "-inf", 1e12, -1e12, 0.0}, set(numbers))
        self.assertIn(edges.UNSEEN, [row["value"] for row in rows if row["feature"] == "text"])
        beside = [value for value in numbers if isinstance(value, float) and value + 1 in numbers and value + 2 in numbers]
        self.assertTrue(beside)
        self.assertTrue(all(row["probability"] is None or 0 <= row["probability"] <= 1 for row in rows))

    def test_of_too_many_constants_whole_ones_are_taken_with_both_neighbours(self):
        of = small()
        with unittest.mock.patch.object(edges, "MOST_BESIDE_CONSTANTS", 6):
            rows = edges.beside_constants(of.frame, of.graph)
        self.assertEqual(len(rows), 6)
        self.assertEqual([after - before for (_, before), (_, after) in zip(rows, rows[1:])][::3], [1.0, 1.0])

    def test_bounds_of_a_number_stand_in_the_manifest_and_what_no_package_is_made_of_is_named(self):
        of = small()
        _, _, manifest = written(replace(of, bounds={"number": (None, 1e6)}, owner='risk "team"'))
        self.assertEqual((manifest["input"][0]["maximum"], "minimum" in manifest["input"][0], manifest["owner"]), (1e6, False, 'risk "team"'))
        lacking = of.frame.assign(text=of.frame["text"].where(of.frame.index > 0))
        for change, named in [
            ({"bounds": {"text": (0, 1)}}, "`text` is no input, or no number"), ({"reasons": {}}, "`number` has no entry"),
            ({"frame": of.frame.head(7)}, "at least 20 rows, found 7"), ({"frame": lacking}, "`text` is a text and lacks values"),
        ]:
            with self.assertRaisesRegex(ValueError, named):
                replace(of, **change)

    def test_what_the_runtime_refuses_or_makes_nan_of_has_no_answer(self):
        frame = small().frame.iloc[[0]]
        node = helper.make_node("Log", ["number"], ["logarithm"])
        both = helper.make_node("Concat", ["logarithm", "logarithm"], ["probabilities"], axis=1)
        ends = [helper.make_tensor_value_info("number", TensorProto.FLOAT, [None, 1])], [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, 2])]
        graph = helper.make_model(helper.make_graph([node, both], "log", *ends), opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        with tempfile.TemporaryDirectory() as name:
            (Path(name) / "model.onnx").write_bytes(graph.SerializeToString())
            answers = edges.answered(Path(name), frame[["number"]], [("number", -1.0), ("number", float(np.e) ** 0.5), ("number", 9.0)])
        self.assertEqual((answers[0], answers[2]), (None, None))
        self.assertAlmostEqual(answers[1], 0.5, 6)

    def test_equal_deciles_are_one_edge_and_beyond_the_greatest_number_lies_nothing_yet(self):
        binned = package.numbers_in_bins([1, 1, 1, 1, 1, 2, 3, 4, 5, 5])
        self.assertEqual(binned, {"edges": [1.0, 2.0, 3.0, 4.0], "counts": [5, 1, 1, 1, 2]})
        self.assertEqual(package.numbers_in_bins([7, 7]), {"edges": [], "counts": [2]})

    def test_a_graph_of_another_model_makes_no_package(self):
        of = small()
        with self.assertRaisesRegex(AssertionError, "400 rows differ"):
            written(replace(of, probability=of.probability + 0.001))

    def test_contributions_that_do_not_sum_make_no_package(self):
        of = small()
        with self.assertRaisesRegex(AssertionError, "must sum"):
            written(replace(of, contributions=of.contributions * 1.01))

    def test_rows_that_tell_are_golden(self):
        self.assertLess({1, 2, 399}, {row["row"] for row in written(replace(small(), telling=[1, 2, 399]))[1]})
