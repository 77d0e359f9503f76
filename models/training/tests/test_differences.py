"""What differs is named by its place, with both values."""

import unittest

from onnx import TensorProto, helper

from training.differences import differences


def graph(threshold):
    node = helper.make_node("Binarizer", ["x"], ["y"], name="Cut", domain="ai.onnx.ml", threshold=threshold)
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, 1]) for name in "xy"]
    return helper.make_model(helper.make_graph([node], "g", ends[:1], ends[1:])).SerializeToString()


class DifferencesTest(unittest.TestCase):
    def test_equal_files_differ_in_nothing(self):
        self.assertEqual(differences("model.onnx", graph(0.5), graph(0.5)), [])

    def test_a_golden_row_is_named_with_its_field(self):
        row = lambda value: b'{"row": 7, "onnxruntime": {"contributions": [1.0, %s]}}\n' % value
        self.assertEqual(
            differences("golden.jsonl", row(b"0.25"), row(b"0.5")), ["row 7.onnxruntime.contributions[1]: 0.25 became 0.5"])

    def test_an_attribute_of_a_graph_is_named_with_its_node(self):
        self.assertEqual(differences("model.onnx", graph(0.5), graph(0.25)), ["Cut.threshold: 0.5 became 0.25"])

    def test_a_line_that_came_or_went_is_named(self):
        self.assertEqual(differences("card.md", b"a\nb\n", b"a\n"), ["line 2: b became nothing"])
        self.assertEqual(differences("model.toml", b"", b"a\n"), ["line 1: nothing became a"])

    def test_bytes_that_say_the_same_differ_all_the_same(self):
        self.assertEqual(len(differences("card.md", b"a\n", b"a")), 1)
