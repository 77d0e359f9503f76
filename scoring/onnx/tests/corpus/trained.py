"""Small models as data scientists train them with scikit-learn, XGBoost and LightGBM, exported by the usual converters."""
import warnings

import lightgbm
import numpy as np
import onnx
import xgboost
from lightgbm import LGBMClassifier, LGBMRanker, LGBMRegressor
from onnxmltools import convert_lightgbm, convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType as ToolsFloat
from skl2onnx import convert_sklearn, update_registered_converter
from skl2onnx.common.data_types import DictionaryType, DoubleTensorType, FloatTensorType, Int64TensorType, StringTensorType
from sklearn import (
    calibration, cluster, compose, decomposition, discriminant_analysis, ensemble, feature_extraction, feature_selection,
    gaussian_process, impute, linear_model, multiclass, multioutput, naive_bayes, neighbors, neural_network, pipeline,
    preprocessing, svm, tree,
)

from case import case

warnings.filterwarnings("ignore")
random = np.random.default_rng(11)
ROWS, COLUMNS = 160, 5
X = random.normal(size=(ROWS, COLUMNS)).astype(np.float32)
SIGNAL = X[:, 0] - 0.7 * X[:, 1] * X[:, 2] + 0.3 * random.normal(size=ROWS)
TWO = (SIGNAL > 0).astype(int)
THREE = np.digitize(SIGNAL, [-0.6, 0.6])
COUNT = np.floor(np.exp(np.clip(SIGNAL, -2, 2))).astype(int)
POSITIVE = np.exp(np.clip(SIGNAL, -2, 2)).astype(np.float32) + 0.1
BOTH = np.stack([SIGNAL, SIGNAL * 0.5 + X[:, 3]], axis=1)
MISSING = np.where(random.random(X.shape) < 0.2, np.nan, X).astype(np.float32)
SHOWN = 16  # rows in a case
OPSET = {"": 18, "ai.onnx.ml": 3}


def exported(model, kinds=None, **options):
    kinds = kinds or [("X", FloatTensorType([None, COLUMNS]))]
    return convert_sklearn(model, initial_types=kinds, target_opset=OPSET, options={id(model): options} if options else None)


def classifier(name, model, y=TWO, x=X, exact=False, zipmap=False, trained=True, export=None):
    try:
        model.fit(x, y)
    except Exception as error:
        case(name, lambda: (_ for _ in ()).throw(error), {})
        return
    rows = x[:SHOWN]
    said = None
    if trained and hasattr(model, "predict_proba"):
        said = (1, model.predict_proba(rows))
    export = export or (lambda: exported(model, zipmap=zipmap))
    case(name, export, {"X": rows.astype(np.float32)}, exact, said)


def regressor(name, model, y=SIGNAL, x=X, exact=False, export=None, predict=None):
    try:
        model.fit(x, y)
    except Exception as error:
        case(name, lambda: (_ for _ in ()).throw(error), {})
        return
    rows = x[:SHOWN]
    case(name, export or (lambda: exported(model)), {"X": rows.astype(np.float32)}, exact, (0, (predict or model.predict)(rows)))


def scikit_trees():
    few = dict(n_estimators=5, max_depth=3, random_state=0)
    texts = np.array(["bad", "fair", "good"])
    for name, y in [("two", TWO), ("three", THREE), ("texts", texts[THREE])]:
        classifier(f"sk_decision_tree_{name}", tree.DecisionTreeClassifier(max_depth=3, random_state=0), y)
        classifier(f"sk_extra_tree_{name}", tree.ExtraTreeClassifier(max_depth=3, random_state=0), y)
        classifier(f"sk_random_forest_{name}", ensemble.RandomForestClassifier(**few), y)
        classifier(f"sk_extra_trees_{name}", ensemble.ExtraTreesClassifier(**few), y)
        classifier(f"sk_gradient_boosting_{name}", ensemble.GradientBoostingClassifier(**few), y)
        classifier(f"sk_hist_boosting_{name}", ensemble.HistGradientBoostingClassifier(max_iter=5, max_leaf_nodes=6, random_state=0), y)
        classifier(f"sk_ada_boost_{name}", ensemble.AdaBoostClassifier(n_estimators=4, random_state=0), y)
        classifier(f"sk_bagging_{name}", ensemble.BaggingClassifier(n_estimators=3, random_state=0, estimator=tree.DecisionTreeClassifier(max_depth=3)), y)
    classifier("sk_hist_boosting_missing", ensemble.HistGradientBoostingClassifier(max_iter=6, max_leaf_nodes=6), x=MISSING)
    classifier("sk_random_forest_missing", ensemble.RandomForestClassifier(**few), x=MISSING)
    classifier("sk_random_forest_zipmap", ensemble.RandomForestClassifier(**few), THREE, zipmap=True)
    classifier("sk_random_forest_zipmap_texts", ensemble.RandomForestClassifier(**few), texts[THREE], zipmap=True)
    classifier("sk_random_forest_columns", ensemble.RandomForestClassifier(**few), THREE, zipmap="columns")
    regressor("sk_decision_tree_regressor", tree.DecisionTreeRegressor(max_depth=3, random_state=0))
    regressor("sk_decision_tree_both", tree.DecisionTreeRegressor(max_depth=3, random_state=0), BOTH)
    regressor("sk_random_forest_regressor", ensemble.RandomForestRegressor(**few))
    regressor("sk_random_forest_both", ensemble.RandomForestRegressor(**few), BOTH)
    regressor("sk_extra_trees_regressor", ensemble.ExtraTreesRegressor(**few))
    for loss in ["squared_error", "absolute_error", "huber", "quantile"]:
        regressor(f"sk_gradient_boosting_{loss}", ensemble.GradientBoostingRegressor(loss=loss, **few))
    for loss, y in [("squared_error", SIGNAL), ("absolute_error", SIGNAL), ("poisson", COUNT), ("gamma", POSITIVE)]:
        regressor(f"sk_hist_boosting_{loss}", ensemble.HistGradientBoostingRegressor(loss=loss, max_iter=5, max_leaf_nodes=6), y)
    regressor("sk_hist_boosting_regressor_missing", ensemble.HistGradientBoostingRegressor(max_iter=5, max_leaf_nodes=6), x=MISSING)
    regressor("sk_ada_boost_regressor", ensemble.AdaBoostRegressor(n_estimators=4, random_state=0))
    regressor("sk_bagging_regressor", ensemble.BaggingRegressor(n_estimators=3, random_state=0))
    outliers = ensemble.IsolationForest(n_estimators=5, max_samples=32, random_state=0).fit(X)
    case("sk_isolation_forest", lambda: exported(outliers), {"X": X[:SHOWN]}, trained=(1, outliers.decision_function(X[:SHOWN])))


def scikit_linear():
    texts = np.array(["bad", "fair", "good"])
    for name, y in [("two", TWO), ("three", THREE), ("texts", texts[THREE]), ("two_texts", texts[TWO])]:
        classifier(f"sk_logistic_{name}", linear_model.LogisticRegression(), y)
        classifier(f"sk_ridge_classifier_{name}", linear_model.RidgeClassifier(), y)
        classifier(f"sk_sgd_{name}", linear_model.SGDClassifier(loss="log_loss", random_state=0), y)
        classifier(f"sk_perceptron_{name}", linear_model.Perceptron(random_state=0), y)
        model = svm.LinearSVC(random_state=0)
        classifier(f"sk_linear_svc_{name}", model, y, export=lambda: exported(model))
    classifier("sk_logistic_zipmap", linear_model.LogisticRegression(), THREE, zipmap=True)
    classifier("sk_logistic_cv", linear_model.LogisticRegressionCV(cv=3), TWO)
    classifier("sk_one_vs_rest", multiclass.OneVsRestClassifier(linear_model.LogisticRegression()), THREE)
    for name in ["LinearRegression", "Ridge", "Lasso", "ElasticNet", "BayesianRidge", "HuberRegressor", "SGDRegressor", "Lars", "OrthogonalMatchingPursuit", "TheilSenRegressor", "QuantileRegressor", "ARDRegression"]:
        drawn = {"random_state": 0} if name in ["SGDRegressor", "TheilSenRegressor"] else {}
        regressor(f"sk_{name}", getattr(linear_model, name)(**drawn))
    regressor("sk_linear_both", linear_model.LinearRegression(), BOTH)
    regressor("sk_poisson", linear_model.PoissonRegressor(), COUNT)
    regressor("sk_gamma", linear_model.GammaRegressor(), POSITIVE)
    regressor("sk_tweedie", linear_model.TweedieRegressor(power=1.5), POSITIVE)


def scikit_machines():
    for kernel in ["linear", "poly", "rbf", "sigmoid"]:
        for name, y in [("two", TWO), ("three", THREE)]:
            classifier(f"sk_svc_{kernel}_{name}", svm.SVC(kernel=kernel), y, trained=False)
            classifier(f"sk_svc_{kernel}_{name}_probability", svm.SVC(kernel=kernel, probability=True, random_state=0), y, trained=False)
        regressor(f"sk_svr_{kernel}", svm.SVR(kernel=kernel))
    classifier("sk_nu_svc", svm.NuSVC(), TWO, trained=False)
    regressor("sk_nu_svr", svm.NuSVR())
    regressor("sk_linear_svr", svm.LinearSVR(random_state=0))
    outliers = svm.OneClassSVM(nu=0.2).fit(X)
    case("sk_one_class_svm", lambda: exported(outliers), {"X": X[:SHOWN]})


def scikit_others():
    classifier("sk_gaussian_nb", naive_bayes.GaussianNB(), THREE)
    classifier("sk_bernoulli_nb", naive_bayes.BernoulliNB(), THREE)
    classifier("sk_multinomial_nb", naive_bayes.MultinomialNB(), THREE, np.abs(X))
    classifier("sk_complement_nb", naive_bayes.ComplementNB(), THREE, np.abs(X))
    classifier("sk_lda", discriminant_analysis.LinearDiscriminantAnalysis(), THREE)
    classifier("sk_qda", discriminant_analysis.QuadraticDiscriminantAnalysis(), THREE)
    classifier("sk_mlp", neural_network.MLPClassifier(hidden_layer_sizes=(4,), max_iter=60, random_state=0), THREE)
    classifier("sk_mlp_two", neural_network.MLPClassifier(hidden_layer_sizes=(4, 3), activation="tanh", max_iter=60, random_state=0), TWO)
    regressor("sk_mlp_regressor", neural_network.MLPRegressor(hidden_layer_sizes=(4,), activation="logistic", max_iter=60, random_state=0))
    classifier("sk_neighbours", neighbors.KNeighborsClassifier(3), THREE)
    regressor("sk_neighbours_regressor", neighbors.KNeighborsRegressor(3))
    calibrated = calibration.CalibratedClassifierCV
    classifier("sk_calibrated_sigmoid", calibrated(linear_model.LogisticRegression(), cv=2), TWO)
    classifier("sk_calibrated_isotonic", calibrated(tree.DecisionTreeClassifier(max_depth=3, random_state=0), method="isotonic", cv=2), TWO)
    voters = [("tree", tree.DecisionTreeClassifier(max_depth=3, random_state=0)), ("logistic", linear_model.LogisticRegression())]
    classifier("sk_voting_soft", ensemble.VotingClassifier(voters, voting="soft", flatten_transform=False), THREE)
    classifier("sk_voting_hard", ensemble.VotingClassifier(voters, voting="hard", flatten_transform=False), THREE)
    classifier("sk_stacking", ensemble.StackingClassifier(voters, cv=2), TWO)
    judges = [("tree", tree.DecisionTreeRegressor(max_depth=3, random_state=0)), ("ridge", linear_model.Ridge())]
    regressor("sk_voting_regressor", ensemble.VotingRegressor(judges))
    regressor("sk_stacking_regressor", ensemble.StackingRegressor(judges, cv=2))
    regressor("sk_multi_output", multioutput.MultiOutputRegressor(linear_model.Ridge()), BOTH)
    groups = cluster.KMeans(3, n_init=2, random_state=0).fit(X)
    case("sk_k_means", lambda: exported(groups), {"X": X[:SHOWN]})


def transformer(name, model, x=X, y=None, kinds=None, exact=False):
    try:
        model.fit(x, y)
        said = model.transform(x[:SHOWN])
        said = said.toarray() if hasattr(said, "toarray") else said
    except Exception as error:
        case(name, lambda: (_ for _ in ()).throw(error), {})
        return
    said = None if said.dtype.kind in "OU" else (0, said)
    case(name, lambda: exported(model, kinds), {"X": x[:SHOWN]}, exact, said)


def scikit_transformers():
    for name in ["StandardScaler", "MinMaxScaler", "MaxAbsScaler", "RobustScaler", "PowerTransformer", "Binarizer"]:
        transformer(f"sk_{name}", getattr(preprocessing, name)())
    transformer("sk_standard_without_mean", preprocessing.StandardScaler(with_mean=False))
    transformer("sk_quantile", preprocessing.QuantileTransformer(n_quantiles=10))
    transformer("sk_min_max_clip", preprocessing.MinMaxScaler(clip=True))
    for norm in ["l1", "l2", "max"]:
        transformer(f"sk_normalizer_{norm}", preprocessing.Normalizer(norm=norm), np.abs(X) if norm == "max" else X)
    for encode, strategy in [("ordinal", "uniform"), ("onehot-dense", "quantile")]:
        transformer(f"sk_bins_{encode}", preprocessing.KBinsDiscretizer(3, encode=encode, strategy=strategy))
    transformer("sk_polynomial", preprocessing.PolynomialFeatures(2))
    transformer("sk_spline", preprocessing.SplineTransformer(n_knots=3))
    transformer("sk_pca", decomposition.PCA(3))
    transformer("sk_svd", decomposition.TruncatedSVD(3, random_state=0))
    transformer("sk_select", feature_selection.SelectKBest(k=2), y=TWO)
    transformer("sk_variance", feature_selection.VarianceThreshold())
    for strategy in ["mean", "median", "most_frequent", "constant"]:
        transformer(f"sk_imputer_{strategy}", impute.SimpleImputer(strategy=strategy, fill_value=-1.0 if strategy == "constant" else None), MISSING)
    transformer("sk_imputer_indicator", impute.SimpleImputer(add_indicator=True), MISSING)
    transformer("sk_neighbour_imputer", impute.KNNImputer(n_neighbors=2), MISSING)
    texts = np.array([["a", "x"], ["b", "y"], ["c", "x"], ["a", "z"]] * 6, object)
    numbers = random.integers(0, 4, (24, 2))
    text_kind, int_kind = [("X", StringTensorType([None, 2]))], [("X", Int64TensorType([None, 2]))]
    transformer("sk_one_hot_text", preprocessing.OneHotEncoder(sparse_output=False), texts, kinds=text_kind)
    transformer("sk_one_hot_int64", preprocessing.OneHotEncoder(sparse_output=False, handle_unknown="ignore"), numbers, kinds=int_kind)
    transformer("sk_one_hot_drop", preprocessing.OneHotEncoder(sparse_output=False, drop="first"), texts, kinds=text_kind)
    transformer("sk_one_hot_rare", preprocessing.OneHotEncoder(sparse_output=False, min_frequency=7), texts, kinds=text_kind)
    transformer("sk_ordinal_text", preprocessing.OrdinalEncoder(), texts, kinds=text_kind)
    transformer("sk_ordinal_int64", preprocessing.OrdinalEncoder(), numbers, kinds=int_kind)
    transformer("sk_ordinal_unknown", preprocessing.OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), texts, kinds=text_kind)
    transformer("sk_target_encoder", preprocessing.TargetEncoder(smooth=1.0, cv=2), texts, random.integers(0, 2, 24), kinds=text_kind)
    labels = np.array(["b", "a", "c", "a"], object)
    encoder = preprocessing.LabelEncoder().fit(labels)
    case("sk_label_encoder", lambda: exported(encoder, [("X", StringTensorType([None]))]), {"X": labels}, True, (0, encoder.transform(labels)))
    binarizer = preprocessing.LabelBinarizer().fit(THREE)
    case("sk_label_binarizer", lambda: exported(binarizer, [("X", Int64TensorType([None]))]), {"X": THREE[:SHOWN]}, True)
    records = [{"age": 30.0, "city=a": 1.0}, {"age": 20.0, "city=b": 1.0}]
    vectorizer = feature_extraction.DictVectorizer(sparse=False).fit(records)
    case("sk_dict_vectorizer", lambda: exported(vectorizer, [("X", DictionaryType(StringTensorType([1]), FloatTensorType([])))]), {}, True, maps={"X": records[0]})
    hasher = feature_extraction.FeatureHasher(8, input_type="string")
    case("sk_feature_hasher", lambda: exported(hasher, [("X", StringTensorType([None, 1]))]), {"X": texts[:, :1]}, True)


def pipelines():
    """As credit models look: missing numbers, texts with categories that training never saw."""
    import pandas

    table = pandas.DataFrame({f"n{at}": MISSING[:, at] for at in range(3)})
    table["housing"] = random.choice(["own", "rent", "free"], ROWS)
    table["purpose"] = random.choice(["car", "radio", "repairs", "education"], ROWS)
    table["count"] = random.integers(0, 5, ROWS)
    numbers, texts = ["n0", "n1", "n2"], ["housing", "purpose"]
    kinds = [(name, FloatTensorType([None, 1])) for name in numbers]
    kinds += [(name, StringTensorType([None, 1])) for name in texts] + [("count", Int64TensorType([None, 1]))]

    def columns(encoder, scale=True):
        steps = [("impute", impute.SimpleImputer(strategy="median"))] + ([("scale", preprocessing.StandardScaler())] if scale else [])
        parts = [("numbers", pipeline.Pipeline(steps), numbers), ("texts", encoder, texts), ("count", "passthrough", ["count"])]
        return compose.ColumnTransformer(parts)

    one_hot = lambda: preprocessing.OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    ordinal = lambda: preprocessing.OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    models = {
        "logistic": (columns(one_hot()), linear_model.LogisticRegression(max_iter=500)),
        "forest": (columns(ordinal(), False), ensemble.RandomForestClassifier(n_estimators=5, max_depth=3, random_state=0)),
        "boosting": (columns(one_hot(), False), ensemble.GradientBoostingClassifier(n_estimators=5, max_depth=2, random_state=0)),
        "hist_boosting": (columns(ordinal(), False), ensemble.HistGradientBoostingClassifier(max_iter=5, max_leaf_nodes=5)),
        "svm": (columns(one_hot()), svm.SVC(probability=True, random_state=0)),
        "lightgbm": (columns(ordinal(), False), LGBMClassifier(n_estimators=4, num_leaves=5, verbose=-1)),
        "xgboost": (columns(ordinal(), False), xgboost.XGBClassifier(n_estimators=4, max_depth=3)),
        "select": (columns(one_hot()), pipeline.Pipeline([("k", feature_selection.SelectKBest(k=5)), ("m", linear_model.LogisticRegression())])),
    }
    for name, (before, model) in models.items():
        whole = pipeline.Pipeline([("columns", before), ("model", model)]).fit(table, TWO)
        shown = table[:SHOWN].copy()
        said = whole.predict_proba(shown)
        shown.loc[3, "housing"], shown.loc[4, "purpose"] = "castle", ""
        rows = {kind: shown[[kind]].to_numpy(object if kind in texts else np.int64 if kind == "count" else np.float32) for kind, _ in kinds}
        said = whole.predict_proba(shown) if name != "svm" else None
        for zipmap in [False, True] if name == "logistic" else [False]:
            options = {id(whole): {"zipmap": zipmap}}
            export = lambda: convert_sklearn(whole, initial_types=kinds, target_opset=OPSET, options=options)
            case(f"pipeline_{name}{'_zipmap' if zipmap else ''}", export, rows, False, None if said is None else (1, said))
    double = pipeline.Pipeline([("scale", preprocessing.StandardScaler()), ("model", linear_model.Ridge())]).fit(X, SIGNAL)
    wide = X[:SHOWN].astype(np.float64)
    case("pipeline_double", lambda: exported(double, [("X", DoubleTensorType([None, COLUMNS]))]), {"X": wide}, False, (0, double.predict(wide)))


def register():
    """What the converters of these versions lack for one another: plain numbers where onnx takes none of numpy any more, and the
    converters of LightGBM and XGBoost for models within pipelines of scikit-learn."""
    make = onnx.helper.make_attribute
    item = lambda value: value.item() if isinstance(value, np.generic) else value
    whole = lambda value: int(value) if isinstance(value, bool) else value
    plain = lambda value: [whole(item(each)) for each in value] if isinstance(value, (list, np.ndarray)) else item(value)
    onnx.helper.make_attribute = lambda key, value, *rest, **more: make(key, plain(value), *rest, **more)

    from onnxmltools.convert.lightgbm.operator_converters.LightGbm import convert_lightgbm as light
    from onnxmltools.convert.xgboost.operator_converters.XGBoost import convert_xgboost as extreme
    from skl2onnx.common.shape_calculator import calculate_linear_classifier_output_shapes as shapes

    options = {"nocl": [True, False], "zipmap": [True, False, "columns"]}
    update_registered_converter(LGBMClassifier, "LightGbmLGBMClassifier", shapes, light, options=options)
    update_registered_converter(xgboost.XGBClassifier, "XGBoostXGBClassifier", shapes, extreme, options=options)


def boosters():
    kinds = [("X", ToolsFloat([None, COLUMNS]))]
    few = dict(n_estimators=5, max_depth=3)
    extreme = lambda model: lambda: convert_xgboost(model, initial_types=kinds, target_opset=15)
    for name, objective, y, x in [
        ("two", "binary:logistic", TWO, X), ("missing", "binary:logistic", TWO, MISSING),
        ("hinge", "binary:hinge", TWO, X), ("three", "multi:softprob", THREE, X), ("three_softmax", "multi:softmax", THREE, X),
    ]:
        model = xgboost.XGBClassifier(objective=objective, **few)
        classifier(f"xgb_{name}", model, y, x, export=extreme(model), trained=objective != "binary:hinge")
    model = xgboost.XGBClassifier(base_score=0.3, scale_pos_weight=2.0, **few)
    classifier("xgb_base_score", model, TWO, export=extreme(model))
    model = xgboost.XGBRFClassifier(**few)
    classifier("xgb_forest", model, TWO, export=extreme(model))
    for name, objective, y, more in [
        ("squared", "reg:squarederror", SIGNAL, {}), ("logistic", "reg:logistic", TWO, {}), ("pseudo_huber", "reg:pseudohubererror", SIGNAL, {}),
        ("poisson", "count:poisson", COUNT, {}), ("gamma", "reg:gamma", POSITIVE, {}), ("tweedie", "reg:tweedie", POSITIVE, {}),
        ("absolute", "reg:absoluteerror", SIGNAL, {}), ("quantile", "reg:quantileerror", SIGNAL, {"quantile_alpha": 0.7}), ("base", "reg:squarederror", SIGNAL, {"base_score": 2.5}),
    ]:
        model = xgboost.XGBRegressor(objective=objective, **few, **more)
        regressor(f"xgb_{name}", model, y, export=extreme(model))
    model = xgboost.XGBRegressor(**few)
    regressor("xgb_regressor_missing", model, SIGNAL, MISSING, export=extreme(model))
    ranker = xgboost.XGBRanker(objective="rank:pairwise", **few).fit(X, THREE, qid=np.repeat(np.arange(8), 20))
    case("xgb_ranker", extreme(ranker.get_booster()), {"X": X[:SHOWN]}, trained=(0, ranker.predict(X[:SHOWN])))

    small = dict(n_estimators=5, num_leaves=6, min_child_samples=5, verbose=-1)
    light = lambda model, **more: lambda: convert_lightgbm(model, initial_types=kinds, target_opset=15, **more)
    for name, y, x, more in [
        ("two", TWO, X, {}), ("missing", TWO, MISSING, {}), ("three", THREE, X, {}), ("unbalanced", TWO, X, {"is_unbalance": True}),
        ("dart", TWO, X, {"boosting_type": "dart"}), ("forest", TWO, X, {"boosting_type": "rf", "bagging_fraction": 0.7, "bagging_freq": 1}),
        ("zero_as_missing", TWO, np.where(X < -1, 0, X), {"zero_as_missing": True}), ("ova", THREE, X, {"objective": "multiclassova"}),
    ]:
        model = LGBMClassifier(**small, **more)
        classifier(f"lgb_{name}", model, y, x, export=light(model, zipmap=False))
    model = LGBMClassifier(**small)
    classifier("lgb_zipmap", model, THREE, export=light(model))
    for name, objective, y in [
        ("squared", "regression", SIGNAL), ("absolute", "regression_l1", SIGNAL), ("huber", "huber", SIGNAL), ("quantile", "quantile", SIGNAL),
        ("poisson", "poisson", COUNT), ("gamma", "gamma", POSITIVE), ("tweedie", "tweedie", POSITIVE),
    ]:
        model = LGBMRegressor(objective=objective, **small)
        regressor(f"lgb_{name}", model, y, export=light(model))
    split = LGBMRegressor(**small).fit(X, SIGNAL)
    case("lgb_split", light(split, split=2), {"X": X[:SHOWN]}, trained=(0, split.predict(X[:SHOWN])))
    ranker = LGBMRanker(**small).fit(X, THREE, group=[20] * 8)
    case("lgb_ranker", light(ranker), {"X": X[:SHOWN]}, trained=(0, ranker.predict(X[:SHOWN])))


def all_trained():
    register()
    for make in [scikit_trees, scikit_linear, scikit_machines, scikit_others, scikit_transformers, pipelines, boosters]:
        make()
