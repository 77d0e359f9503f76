"""Writes the packages beside this file: models that are explained in as many ways, over German Credit.

Run it with `models` on PYTHONPATH, the packages of `models/requirements.txt` and CatBoost (`pip install --no-deps catboost==1.2.10 six==1.17.0`); `models/german_credit/card.md` says where the data is from.
"""

from pathlib import Path

from catboost import CatBoostClassifier
from lightgbm import LGBMClassifier
from training import SEED, additive, applicants, calibrated, columns, covers, package, trees

from skl2onnx import convert_sklearn
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import ExtraTreesClassifier, GradientBoostingClassifier, HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import KBinsDiscretizer, MinMaxScaler, OneHotEncoder, PowerTransformer
from xgboost import XGBClassifier

HERE = Path(__file__).parent
DATA = applicants.read()


def write(name, fitted, frame, graph, log_odds, contributions, base, **more):
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    package.write(folder, package.Package(
        name, 1, "tests", applicants.TRAINING_DATA, applicants.REASONS, graph, frame,
        fitted.predict_proba(frame)[:, 1].astype("float64"), log_odds, contributions, round(base, package.PLACES), **more,
    ))


def of_trees(name, classifier, frame, with_covers=True):
    fitted = trees.pipeline(frame, classifier).fit(frame.iloc[DATA.train], DATA.outcome[DATA.train])
    graph = trees.graph_of(fitted, name, frame)
    if not with_covers:
        node = covers.ensemble(graph.graph)
        node.attribute.remove(next(one for one in node.attribute if one.name == "nodes_hitrates"))
    write(name, fitted, frame, graph, trees.log_odds(fitted, frame), *trees.contributions(fitted, frame))


def of_steps(name, numbers):
    """A logistic regression behind one step for each column; of texts the first level is dropped."""
    frame = DATA.frame
    steps = [(columns.step(one), step, [one]) for one, step in numbers.items()]
    rest = [one for one in columns.numeric(frame) if one not in numbers]
    texts = [(columns.step(one), OneHotEncoder(drop="first", sparse_output=False), [one]) for one in columns.texts(frame)]
    encode = ColumnTransformer([*steps, ("rest", MinMaxScaler(), rest), *texts])
    fitted = Pipeline([("encode", encode), ("score", LogisticRegression(C=0.3, solver="newton-cholesky", tol=1e-10))])
    fitted.fit(frame.iloc[DATA.train], DATA.outcome[DATA.train])
    graph = convert_sklearn(fitted, name, columns.typed(frame), options={"zipmap": False}, target_opset=trees.OPSET)
    explained = additive.contributions(fitted.decision_function, frame)
    write(name, fitted, frame, graph, fitted.decision_function(frame), *explained, beside_golden_rows=True)


def of_calibrated(name, classifier, method, numbers="passthrough"):
    frame = DATA.frame
    pipeline = Pipeline([("encode", columns.one_hot(frame, numbers)), ("score", classifier)])
    fitted = CalibratedClassifierCV(pipeline, method=method, cv=5, ensemble=False).fit(frame.iloc[DATA.train], DATA.outcome[DATA.train])
    graph = calibrated.graph_of(fitted, name, frame)
    linear = isinstance(classifier, LogisticRegression)
    write(name, fitted, frame, graph, calibrated.log_odds(fitted, frame), *calibrated.explained(fitted, frame), beside_golden_rows=linear, bend=calibrated.bend(fitted))


missing = DATA.frame.copy()
for column, every in [("applicant__age", 7), ("applicant__amount", 11)]:
    missing[column] = missing[column].astype("float64")
    missing.loc[::every, column] = float("nan")
of_trees("missing", XGBClassifier(n_estimators=20, max_depth=3, learning_rate=0.2, random_state=SEED, n_jobs=1), missing)
of_trees("gradient_boosting", GradientBoostingClassifier(n_estimators=20, random_state=SEED), DATA.frame)
of_trees("without_covers", GradientBoostingClassifier(n_estimators=5, random_state=SEED), DATA.frame, with_covers=False)
of_trees("histogram", HistGradientBoostingClassifier(max_iter=20, min_samples_leaf=10, random_state=SEED), missing)
of_trees("catboost", CatBoostClassifier(iterations=20, depth=4, learning_rate=0.2, random_seed=SEED, thread_count=1, verbose=False, allow_writing_files=False), DATA.frame)
of_trees("extra_trees", ExtraTreesClassifier(n_estimators=20, max_depth=5, random_state=SEED), DATA.frame)
# Of ten ones in float32 its average is 1.0000001.
of_trees("grown_forest", ExtraTreesClassifier(n_estimators=10, random_state=SEED), DATA.frame)
of_steps("bins", {"applicant__age": KBinsDiscretizer(5, encode="onehot-dense", quantile_method="averaged_inverted_cdf"), "applicant__amount": KBinsDiscretizer(8, encode="ordinal", quantile_method="averaged_inverted_cdf")})
of_steps("powers", {"applicant__amount": PowerTransformer(), "applicant__age": PowerTransformer(standardize=False)})
of_calibrated("isotonic", GradientBoostingClassifier(n_estimators=20, random_state=SEED), "isotonic")
of_calibrated("isotonic_forest", ExtraTreesClassifier(n_estimators=20, max_depth=5, random_state=SEED), "isotonic")
of_calibrated("isotonic_histogram", HistGradientBoostingClassifier(max_iter=20, min_samples_leaf=10, random_state=SEED), "isotonic")
of_calibrated("isotonic_lightgbm", LGBMClassifier(n_estimators=20, num_leaves=7, random_state=SEED, n_jobs=1, verbose=-1), "isotonic")
of_calibrated("sigmoid_linear", LogisticRegression(C=0.3, solver="newton-cholesky", tol=1e-10), "sigmoid", MinMaxScaler())
of_calibrated("sigmoid", XGBClassifier(n_estimators=20, max_depth=3, learning_rate=0.2, random_state=SEED, n_jobs=1), "sigmoid")
