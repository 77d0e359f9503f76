"""Writes a model package: `model.onnx`, `golden.jsonl` with what the training library and ONNX Runtime answered, `edges.jsonl` with
what ONNX Runtime answers at the edges, `model.toml`, and `reference.json` with what the model was made on.

Two runs with the pinned requirements give the same bytes: what the processor's vector units may change, the last bits of
doubles, is rounded away before it is written.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import onnxruntime
import pandas as pd
from onnx import ModelProto

from . import SEED, columns, edges, figures

GOLDEN_ROWS = 64
FEWEST_ROWS = 20  # as the gate has it
PLACES = 12
# As the gate has it: further from ONNX Runtime, a row of the training library must be accepted by number.
TRAINED_TOLERANCE = 1e-5
BASE_SCORE, BASE_ODDS, POINTS_TO_DOUBLE = 600.0, 20.0, 40.0


@dataclass(frozen=True)
class Package:
    name: str
    version: int
    owner: str
    training_data: str
    reasons: dict[str, tuple[str, str]]
    graph: ModelProto
    frame: pd.DataFrame
    # What the training library said of each row.
    probability: np.ndarray
    log_odds: np.ndarray
    # Of each row and input, beside `base`; `None` where the graph has an output of them.
    contributions: np.ndarray | None
    base: float
    calibration: tuple[float, float] = (1.0, 0.0)
    # Rows that must be among the golden ones, because few are like them.
    telling: list[int] = field(default_factory=list)
    # The graph gives no contributions, and what explains it (a linear model, a sum over the inputs) has the average of the golden rows
    # as its base: contributions and base are moved there.
    beside_golden_rows: bool = False
    # What becomes of contributions and base behind a calibrator within the graph, given the probabilities and the golden rows: `calibrated.bend`.
    bend: Callable | None = None
    # Of numbers that the graph has no answer outside of, by input: least and greatest, or `None`. Outside an application goes to review.
    bounds: dict[str, tuple[float | None, float | None]] = field(default_factory=dict)

    def __post_init__(self):
        """Says what a package cannot be made of, by name."""
        frame, texts = self.frame, [name for name in self.frame if name not in columns.numeric(self.frame)]
        if len(frame) < FEWEST_ROWS:
            raise ValueError(f"expected at least {FEWEST_ROWS} rows, found {len(frame)}")
        for name in texts:
            if frame[name].isna().any():
                raise ValueError(f"`{name}` is a text and lacks values: only a number may be missing")
        for name in frame:
            if name not in self.reasons:
                raise ValueError(f"`{name}` has no entry in `reasons`: a code, and the words for who is declined")
        for name in self.bounds:
            if name not in columns.numeric(frame):
                raise ValueError(f"`bounds`: `{name}` is no input, or no number")
        object.__setattr__(self, "frame", frame.reset_index(drop=True))  # rows go by their place


def write(folder, package):
    """Gives the rows on which the training library differs from ONNX Runtime."""
    package.graph.opset_import.sort(key=lambda opset: opset.domain)  # skl2onnx keeps them in a set
    (folder / "model.onnx").write_bytes(package.graph.SerializeToString(deterministic=True))
    scored, contributions = answers(folder, package)
    differing = np.flatnonzero(np.abs(package.probability - scored) > TRAINED_TOLERANCE).tolist()
    assert len(differing) * 100 <= len(scored), f"another model than the trained one: {len(differing)} rows differ"
    if package.beside_golden_rows:
        averages = contributions[golden_rows(package, differing)].mean(axis=0)
        contributions, base = contributions - averages, package.base + float(averages.sum())
        package = replace(package, contributions=contributions, base=round(base, PLACES))
    if package.bend:
        contributions, base = package.bend(contributions, package.base, scored, golden_rows(package, differing))
        package = replace(package, contributions=contributions, base=round(base, PLACES))
    sums = contributions.sum(axis=1) + package.base
    apart = np.abs(sums - package.log_odds) / np.maximum(np.abs(package.log_odds), 1)
    assert np.delete(apart, differing).max() < 1e-4, "contributions must sum to the log-odds"
    write_golden(folder, package, scored, contributions, differing)
    edges.write(folder, package, golden_rows(package, differing))
    write_manifest(folder, package, differing)
    write_reference(folder, package, scored)
    return differing


def answers(folder, package):
    """What ONNX Runtime gives, on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"])
    fed = columns.feeds(package.frame)
    scored = session.run(["probabilities"], fed)[0][:, 1]
    if package.contributions is not None:
        return scored, np.round(package.contributions, PLACES)
    return scored, session.run(["contributions"], fed)[0]


def golden_rows(package, differing):
    drawn = np.random.default_rng(SEED).choice(np.arange(len(package.frame)), min(GOLDEN_ROWS, len(package.frame)), replace=False).tolist()
    return sorted({*drawn, *differing, *package.telling, *rows_with_missing(package.frame)})


def write_golden(folder, package, scored, contributions, differing):
    numbers = columns.numeric(package.frame)
    number = lambda x: None if np.isnan(x) else float(x)
    value = lambda name, row: number(package.frame[name][row]) if name in numbers else package.frame[name][row]
    lines = [
        json.dumps({
            "row": row,
            "input": {name: value(name, row) for name in package.frame},
            "trained": {
                "probability": round(float(package.probability[row]), PLACES),
                "log_odds": round(float(package.log_odds[row]), PLACES),
            },
            "onnxruntime": {"probability": float(scored[row]), "contributions": [float(x) for x in contributions[row]]},
        })
        for row in golden_rows(package, differing)
    ]
    (folder / "golden.jsonl").write_text("\n".join(lines) + "\n")


def missing(frame):
    """The inputs that the model was trained on with missing values."""
    return [name for name in columns.numeric(frame) if frame[name].isna().any()]


def rows_with_missing(frame):
    """One row for each input that may be missing: the package is refused without."""
    return [int(np.flatnonzero(frame[name].isna())[0]) for name in missing(frame)]


def write_reference(folder, package, scored):
    """Every row that the package was written over, in bins: what later decisions are held against."""
    a, b = package.calibration
    probability = 1 / (1 + np.exp(-(a * figures.log_odds(scored.astype(np.float64)) + b)))
    texts = columns.texts(package.frame)
    binned = lambda name: texts_in_bins(package.frame[name], texts[name]) if name in texts else numbers_in_bins(package.frame[name])
    reference = {
        "rows": len(package.frame),
        "probability": numbers_in_bins(np.round(probability, 6)),
        "inputs": {name: binned(name) for name in package.frame},
    }
    (folder / "reference.json").write_text(json.dumps(reference) + "\n")


def numbers_in_bins(values):
    """Between deciles: equal ones are one edge, and the greatest number is none. Missing ones are counted by themselves."""
    values = np.asarray(values, dtype=np.float64)
    absent = int(np.isnan(values).sum())
    values = values[~np.isnan(values)]
    ordered = sorted(values.tolist())
    deciles = [ordered[max(-(-part * len(ordered) // 10) - 1, 0)] for part in range(1, 10)]
    edges = sorted(set(deciles) - {ordered[-1]})
    places = np.searchsorted(edges, values, side="left")
    bins = {"edges": edges, "counts": np.bincount(places, minlength=len(edges) + 1).tolist()}
    return {**bins, "missing": absent} if absent else bins


def texts_in_bins(column, values):
    counted = column.value_counts()
    return {"values": {value: int(counted.get(value, 0)) for value in values}}


def text(value):
    """A JSON string of ASCII is a TOML string too."""
    return json.dumps(value)


def text_list(values):
    return "[" + ", ".join(map(text, values)) + "]"


def write_manifest(folder, package, differing):
    sha = lambda name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
    a, b = (round(x, PLACES) for x in package.calibration)
    lines = [
        "# Written by train.py; change it there.",
        f"name = {text(package.name)}", f"version = {package.version}", f"owner = {text(package.owner)}",
        f"training_data = {text(package.training_data)}",
        f'onnx_sha256 = "{sha("model.onnx")}"', f'golden_sha256 = "{sha("golden.jsonl")}"',
    ]
    if differing:
        lines += [f"accepted_differences = {differing}  # float32 takes another way through a tree than the training library's float64"]
    lines += ["", "[output]", 'probability = "probabilities"  # [rows, classes]', "class = 1  # the column that is the probability of default"]
    if package.contributions is None:
        lines += ['contributions = "contributions"  # [rows, inputs], log-odds of default beside the training average']
    lines += [
        f"base_log_odds = {package.base!r}  # plus all contributions = the log-odds of the probability", "",
        "[calibration]  # log-odds of default = a * the model's log-odds + b", f"a = {a!r}", f"b = {b!r}", "",
        "[scale]  # higher is better: base_score at base_odds of good to bad",
        f"base_score = {BASE_SCORE}", f"base_odds = {BASE_ODDS}", f"points_to_double_odds = {POINTS_TO_DOUBLE}", "",
    ]
    texts = columns.texts(package.frame)
    for name in package.frame:
        code, wording = package.reasons[name]
        kind = ['type = "text"', f"values = {text_list(texts[name])}"] if name in texts else ['type = "number"']
        kind += ['missing = "allowed"'] if name in missing(package.frame) else []
        least, most = package.bounds.get(name, (None, None))
        kind += [f"minimum = {float(least)}"] if least is not None else []
        kind += [f"maximum = {float(most)}"] if most is not None else []
        lines += ["[[input]]", f"feature = {text(name)}", *kind, f"reason = {text(code)}", f"wording = {text(wording)}", ""]
    (folder / "model.toml").write_text("\n".join(lines))
