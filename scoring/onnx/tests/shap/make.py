"""Small ensembles with covers, and what the shap library says of some rows: `NAME.onnx` and `NAME.json`, beside this file.

Run in the virtual environment of `make models`.
"""

import json
import sys
from pathlib import Path

import lightgbm
import numpy as np
import shap
import xgboost
from onnxmltools import convert_lightgbm, convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType as SklearnFloat
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier

HERE = Path(__file__).parent
sys.path.append(str(HERE.parents[3] / "models"))

from training.covers import forest_covers, lightgbm_covers, write_covers, xgboost_covers

FEATURES, ROWS, EXPLAINED, SEED = 7, 400, 12, 20260301


def write(name, model, graph, rows):
    (HERE / f"{name}.onnx").write_bytes(graph.SerializeToString())
    explainer = shap.TreeExplainer(model)
    values = explainer.shap_values(rows, check_additivity=False)
    values = values[..., 1] if values.ndim == 3 else values
    case = {
        "rows": [[None if np.isnan(x) else float(x) for x in row] for row in rows],
        "base": float(np.ravel(explainer.expected_value)[-1]),
        "contributions": values.astype(float).tolist(),
    }
    (HERE / f"{name}.json").write_text(json.dumps(case) + "\n")


def main():
    rows, classes = make_classification(ROWS, FEATURES, n_informative=5, random_state=SEED)
    rows = rows.astype(np.float32)
    holes = rows.copy()
    holes[np.random.default_rng(SEED).random(rows.shape) < 0.1] = np.nan
    typed = [("X", FloatTensorType([None, FEATURES]))]

    forest = RandomForestClassifier(6, max_depth=5, random_state=SEED).fit(rows, classes)
    plain = dict(options={"zipmap": False}, target_opset={"": 17, "ai.onnx.ml": 1})
    graph = convert_sklearn(forest, "forest", [("X", SklearnFloat([None, FEATURES]))], **plain)
    write_covers(graph.graph, forest_covers(forest))
    write("forest", forest, graph, rows[:EXPLAINED])

    boosted = xgboost.XGBClassifier(n_estimators=8, max_depth=4, n_jobs=1).fit(holes, classes)
    graph = convert_xgboost(boosted, initial_types=typed, target_opset=15)
    write_covers(graph.graph, xgboost_covers(boosted, graph.graph))
    write("xgboost", boosted, graph, holes[:EXPLAINED])

    leaves = lightgbm.LGBMClassifier(n_estimators=8, num_leaves=9, verbose=-1, n_jobs=1).fit(holes, classes)
    graph = convert_lightgbm(leaves, initial_types=typed, target_opset=15, zipmap=False)
    write_covers(graph.graph, lightgbm_covers(leaves, graph.graph))
    write("lightgbm", leaves, graph, holes[:EXPLAINED])


main()
