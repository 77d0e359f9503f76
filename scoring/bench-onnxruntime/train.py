"""Trains the four models of the bench on made-up data of 64 features, and writes each as a package into the folder given.

Covers go into `nodes_hitrates`, so that contributions can be found. The golden rows carry contributions of the shap library;
how long its C extension takes for one row stands in `shap.json`, beside `rows.f32`, which the bench reads.
"""

import hashlib
import json
import sys
import time
from pathlib import Path

import lightgbm
import numpy as np
import onnxruntime
import shap
import xgboost
from onnxmltools import convert_lightgbm, convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType as SklearnFloat
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

sys.path.append(str(Path(__file__).parents[2] / "models"))

from training.covers import lightgbm_covers, sklearn_covers, write_covers, xgboost_covers

FEATURES, ROWS, GOLDEN, SEED = 64, 20_000, 24, 20260301
OUT = Path(sys.argv[1])


def log_odds(probability):
    probability = np.clip(probability, 1e-6, 1 - 1e-6)
    return np.log(probability / (1 - probability))


def explained(name, model, rows):
    """Contributions to the log-odds of the second class, their base, and microseconds of one row by the C extension."""
    if name == "logistic":
        scaler, linear = model.steps[0][1], model.steps[1][1]
        explainer = shap.LinearExplainer(linear, shap.maskers.Independent(scaler.transform(rows), max_samples=len(rows)))
        return explainer.shap_values(scaler.transform(rows)), float(explainer.expected_value), None
    explainer = shap.TreeExplainer(model)
    values, base = explainer.shap_values(rows, check_additivity=False), np.ravel(explainer.expected_value)[-1]
    values = values[..., 1] if values.ndim == 3 else values
    taken = []
    for row in rows:
        started = time.perf_counter()
        explainer.shap_values(row[None], check_additivity=False)
        taken.append((time.perf_counter() - started) * 1e6)
    if name == "forest":  # what it explains is the probability: stretched to the log-odds
        probability = base + values.sum(axis=1)
        values = values * ((log_odds(probability) - log_odds(base)) / (probability - base))[:, None]
        base = log_odds(base)
    return values, float(base), float(np.median(taken))


def write(name, model, graph, rows):
    folder = OUT / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(graph.SerializeToString())
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])
    golden = rows[:GOLDEN]
    scored = session.run(["probabilities"], {"input": golden})[0]
    contributions, base, taken = explained(name, model, golden)
    trained = model.predict_proba(golden)[:, 1]
    lines = [
        json.dumps({
            "row": at,
            "input": {f"f{column}": float(value) for column, value in enumerate(golden[at])},
            "trained": {"probability": float(trained[at]), "log_odds": float(log_odds(np.float64(trained[at])))},
            "onnxruntime": {"probability": float(scored[at, 1]), "contributions": [float(x) for x in contributions[at]]},
        })
        for at in range(GOLDEN)
    ]
    (folder / "golden.jsonl").write_text("\n".join(lines) + "\n")
    sha = lambda file: hashlib.sha256((folder / file).read_bytes()).hexdigest()
    inputs = [f'[[input]]\nfeature = "f{at}"\ntype = "number"\nreason = "f{at}"\nwording = "f{at}"\n' for at in range(FEATURES)]
    (folder / "model.toml").write_text("\n".join([
        f'name = "{name}"', "version = 1", 'owner = "bench"', 'training_data = "made up"',
        f'onnx_sha256 = "{sha("model.onnx")}"', f'golden_sha256 = "{sha("golden.jsonl")}"',
        "[output]", 'probability = "probabilities"', "class = 1", f"base_log_odds = {base!r}",
        "[calibration]", "a = 1.0", "b = 0.0",
        "[scale]", "base_score = 600.0", "base_odds = 20.0", "points_to_double_odds = 40.0", *inputs,
    ]))
    (folder / "shap.json").write_text(json.dumps({"microseconds": taken}))
    rows.astype("<f4").tofile(folder / "rows.f32")
    print(name, "shap", taken)


def main():
    rows, classes = make_classification(
        ROWS, FEATURES, n_informative=24, n_redundant=8, flip_y=0.1, random_state=SEED
    )
    rows = rows.astype(np.float32)
    opset = {"": 17, "ai.onnx.ml": 1}
    plain = dict(options={"zipmap": False}, target_opset=opset)

    forest = RandomForestClassifier(100, max_depth=8, random_state=SEED).fit(rows, classes)
    graph = convert_sklearn(forest, "forest", [("input", SklearnFloat([None, FEATURES]))], **plain)
    write_covers(graph.graph, sklearn_covers(forest))
    write("forest", forest, graph, rows)

    boosted = xgboost.XGBClassifier(n_estimators=200, max_depth=6, n_jobs=1).fit(rows, classes)
    graph = convert_xgboost(boosted, initial_types=[("input", FloatTensorType([None, FEATURES]))], target_opset=15)
    write_covers(graph.graph, xgboost_covers(boosted, graph.graph))
    write("xgboost", boosted, graph, rows)
    boosted.get_booster().save_model(OUT / "xgboost" / "booster.json")

    leaves = lightgbm.LGBMClassifier(n_estimators=200, num_leaves=31, verbose=-1, n_jobs=1).fit(rows, classes)
    graph = convert_lightgbm(
        leaves, initial_types=[("input", FloatTensorType([None, FEATURES]))], target_opset=15, zipmap=False
    )
    write_covers(graph.graph, lightgbm_covers(leaves, graph.graph))
    write("lightgbm", leaves, graph, rows)
    leaves.booster_.save_model(OUT / "lightgbm" / "booster.txt")

    logistic = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)).fit(rows, classes)
    graph = convert_sklearn(logistic, "logistic", [("input", SklearnFloat([None, FEATURES]))], **plain)
    write("logistic", logistic, graph, rows)


if __name__ == "__main__":
    main()
