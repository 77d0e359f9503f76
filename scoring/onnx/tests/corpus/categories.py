"""Trees that split on categories, as LightGBM and XGBoost grow them: a node sends a set of values to one side, and the exports
write it as a chain of equalities that lead to one place."""
import numpy as np
import pandas
import xgboost
from lightgbm import LGBMClassifier, LGBMRegressor
from onnxmltools import convert_lightgbm, convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType

from case import case

random = np.random.default_rng(13)
ROWS, SHOWN = 2000, 24
REGION = random.integers(0, 30, ROWS)
CHANNEL = random.integers(0, 4, ROWS)
AMOUNT = random.normal(size=ROWS).astype(np.float32)
X = np.column_stack([REGION, CHANNEL, AMOUNT]).astype(np.float32)
SIGNAL = random.normal(size=30)[REGION] + np.array([0.4, -0.2, 0.0, 0.8])[CHANNEL] + 0.5 * AMOUNT + 0.3 * random.normal(size=ROWS)
TWO, THREE = (SIGNAL > 0).astype(int), np.digitize(SIGNAL, [-0.6, 0.6])
KINDS = [("X", FloatTensorType([None, 3]))]


def both(name, export, said):
    """The rows of training, and rows with values that training never saw, which the libraries treat in ways of their own."""
    case(name, export, {"X": X[:SHOWN]}, trained=said)
    strange = X[:8].copy()
    strange[:, 0] = [-1.0, 40.0, np.nan, 2.5, 2.0**31, np.inf, -0.0, 1e-30]
    case(f"{name}_unseen", export, {"X": strange})


def all_categories():
    small = dict(n_estimators=6, num_leaves=8, verbose=-1)
    light = lambda model, **more: lambda: convert_lightgbm(model, initial_types=KINDS, target_opset=15, **more)
    for name, y in [("two", TWO), ("three", THREE)]:
        model = LGBMClassifier(**small).fit(X, y, categorical_feature=[0, 1])
        both(f"lgb_categories_{name}", light(model, zipmap=False), (1, model.predict_proba(X[:SHOWN])))
    model = LGBMRegressor(**small).fit(X, SIGNAL, categorical_feature=[0, 1])
    both("lgb_categories_squared", light(model), (0, model.predict(X[:SHOWN])))

    table = pandas.DataFrame({"f0": pandas.Categorical(REGION), "f1": pandas.Categorical(CHANNEL), "f2": AMOUNT})
    few = dict(n_estimators=6, max_depth=4, tree_method="hist", enable_categorical=True)
    extreme = lambda model: lambda: convert_xgboost(model, initial_types=KINDS, target_opset=15)
    for name, one_hot, y in [("sets", 1, TWO), ("one_hot", 100, TWO), ("three", 1, THREE)]:
        model = xgboost.XGBClassifier(**few, max_cat_to_onehot=one_hot).fit(table, y)
        both(f"xgb_categories_{name}", extreme(model), (1, model.predict_proba(table[:SHOWN])))
    model = xgboost.XGBRegressor(**few, max_cat_to_onehot=1).fit(table, SIGNAL)
    both("xgb_categories_squared", extreme(model), (0, model.predict(table[:SHOWN])))
