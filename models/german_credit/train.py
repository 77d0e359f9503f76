"""Trains the German Credit scorecard and writes the whole package beside this file.

Run by `make models`. Two runs with the pinned requirements give the same bytes: what the processor's vector units may
change, the last bits of doubles, is rounded away before it is written.
Sex (it is part of personal status) and foreign-worker status are not inputs.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # the order of sums must not depend on cores

import hashlib
import json
from pathlib import Path

import numpy as np
import onnxruntime
import pandas as pd
from onnx import TensorProto, helper
from scipy.stats import ks_2samp
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

HERE = Path(__file__).parent
SEED = 20260301
GOLDEN_ROWS = 64
PLACES = 12
NAME, VERSION, VIEW, OPSET = "german_credit", 1, "applicant", {"": 17, "ai.onnx.ml": 1}
BASE_SCORE, BASE_ODDS, POINTS_TO_DOUBLE = 600.0, 20.0, 40.0

# attribute: (column of the CSV, reason code, what a declined applicant is told)
INPUTS = {
    "account_status": ("status_of_existing_checking_account", "account_status", "The balance or absence of your current account"),
    "term_months": ("duration_in_month", "term", "The length of the loan you asked for"),
    "credit_history": ("credit_history", "credit_history", "How earlier credits were paid back"),
    "purpose": ("purpose", "purpose", "What the loan is for"),
    "amount": ("credit_amount", "amount", "The amount you asked for"),
    "savings": ("savings_account_and_bonds", "savings", "Your savings"),
    "employment": ("present_employment_since", "employment_length", "How long you have been in your present employment"),
    "installment_rate": ("installment_rate_in_percentage_of_disposable_income", "installment_burden", "The share of your income that the installments would take"),
    "other_debtors": ("other_debtors_or_guarantors", "no_guarantor", "Whether somebody else stands in for the loan"),
    "residence_since": ("present_residence_since", "residence_length", "How long you have lived at your present address"),
    "property": ("property", "property", "The property you own"),
    "age": ("age_in_years", "age", "Your age"),
    "other_installment_plans": ("other_installment_plans", "other_installments", "Other installment plans you are paying"),
    "housing": ("housing", "housing", "Your housing"),
    "existing_credits": ("number_of_existing_credits_at_this_bank", "existing_credits", "The number of credits you already have"),
    "job": ("job", "occupation", "Your occupation"),
    "dependents": ("number_of_people_being_liable_to_provide_maintenance_for", "dependents", "The number of people you support"),
    "telephone": ("telephone", "telephone", "Whether a telephone is registered in your name"),
}


def read():
    raw = pd.read_csv(HERE / "german_credit.csv", keep_default_na=False)
    frame = pd.DataFrame({f"{VIEW}__{name}": raw[column] for name, (column, _, _) in INPUTS.items()})
    return frame, (raw["creditability"] == "bad").astype(int).to_numpy()


def step(name):
    return name.removeprefix(f"{VIEW}__")  # scikit-learn allows no double underscore in a step's name


def pipeline(frame):
    numeric = [name for name in frame if pd.api.types.is_numeric_dtype(frame[name])]
    text = [name for name in frame if name not in numeric]
    encode = ColumnTransformer(
        [("numeric", StandardScaler(), numeric)]
        + [(step(name), OneHotEncoder(handle_unknown="ignore", sparse_output=False), [name]) for name in text]
    )
    return numeric, text, Pipeline([("encode", encode), ("score", LogisticRegression(C=0.3, solver="newton-cholesky", tol=1e-10))])


def groups(numeric, text, encode):
    """Which input each encoded column came from, in the order of the encoded columns."""
    owner = list(numeric)
    for name in text:
        owner += [name] * len(encode.named_transformers_[step(name)].categories_[0])
    return owner


def add_contributions(model, encoded_name, owner, coefficients, means, names):
    """One more output: what each input adds to the log-odds of default, beside the average of the training rows.

    A LinearRegressor with a target for each input over the encoded tensor that the classifier itself reads."""
    weights = np.array([[c if o == name else 0.0 for o, c in zip(owner, coefficients)] for name in names])
    node = helper.make_node(
        "LinearRegressor", [encoded_name], ["contributions"], name="Contributions", domain="ai.onnx.ml",
        coefficients=weights.astype(np.float32).ravel().tolist(),
        intercepts=(-weights @ means).astype(np.float32).tolist(), targets=len(names),
    )
    model.graph.node.append(node)
    model.graph.output.append(helper.make_tensor_value_info("contributions", TensorProto.FLOAT, [None, len(names)]))


def feeds(frame, numeric):
    return {n: frame[[n]].to_numpy(np.float32 if n in numeric else object) for n in frame}


def quality(outcome, probability):
    ks = ks_2samp(probability[outcome == 1], probability[outcome == 0]).statistic
    return {"auc": round(float(roc_auc_score(outcome, probability)), 4), "ks": round(float(ks), 4)}


def five_fold(frame, outcome):
    folds = StratifiedKFold(5, shuffle=True, random_state=SEED)
    return quality(outcome, cross_val_predict(pipeline(frame)[2], frame, outcome, cv=folds, method="predict_proba")[:, 1])


def write_golden(frame, numeric, rows, fitted, outputs, sums):
    rng = np.random.default_rng(SEED)
    chosen = sorted(rng.choice(rows, GOLDEN_ROWS, replace=False).tolist())
    lines = []
    for row in chosen:
        value = lambda name: float(frame[name][row]) if name in numeric else frame[name][row]
        lines.append(json.dumps({
            "row": row,
            "input": {name: value(name) for name in frame},
            "trained": {"probability": round(float(fitted[row]), PLACES), "log_odds": round(float(sums[row]), PLACES)},
            "onnxruntime": {"probability": float(outputs[0][row, 1]), "contributions": [float(x) for x in outputs[1][row]]},
        }))
    (HERE / "golden.jsonl").write_text("\n".join(lines) + "\n")


def text_list(values):
    return "[" + ", ".join(json.dumps(v) for v in values) + "]"


def write_manifest(numeric, encode, base):
    sha = lambda name: hashlib.sha256((HERE / name).read_bytes()).hexdigest()
    lines = [
        "# Written by train.py; change it there.",
        f'name = "{NAME}"', f"version = {VERSION}", 'owner = "credit-risk"',
        'training_data = "UCI Statlog German Credit, 700 of 1,000 applicants (split.csv), CC BY 4.0"',
        f'onnx_sha256 = "{sha("model.onnx")}"', f'golden_sha256 = "{sha("golden.jsonl")}"', "",
        "[output]", 'probability = "probabilities"  # [rows, classes]', "class = 1  # the column that is the probability of default",
        'contributions = "contributions"  # [rows, inputs], log-odds of default beside the training average',
        f"base_log_odds = {base!r}  # plus all contributions = the log-odds of the probability", "",
        "[calibration]  # log-odds of default = a * the model's log-odds + b", "a = 1.0", "b = 0.0", "",
        "[scale]  # higher is better: base_score at base_odds of good to bad",
        f"base_score = {BASE_SCORE}", f"base_odds = {BASE_ODDS}", f"points_to_double_odds = {POINTS_TO_DOUBLE}", "",
    ]
    for name, (_, code, wording) in INPUTS.items():
        column = f"{VIEW}__{name}"
        lines += ["[[input]]", f'feature = "{column}"']
        if column in numeric:
            lines += ['type = "number"']
        else:
            lines += ['type = "text"', f"values = {text_list(encode.named_transformers_[step(column)].categories_[0])}"]
        lines += [f'reason = "{code}"', f"wording = {json.dumps(wording)}", ""]
    (HERE / "model.toml").write_text("\n".join(lines))


def write_card(folds_700, folds_1000, train, holdout):
    row = lambda what, q: f"| {what} | {q['auc']:.4f} | {q['ks']:.4f} |"
    (HERE / "card.md").write_text("\n".join([
        "# German Credit scorecard", "",
        f"Version {VERSION}. Logistic regression over one-hot encoded text and standardised numbers, "
        "giving the probability that a loan goes bad and what each input adds to its log-odds.", "",
        "| on | AUC | KS |", "|---|---|---|",
        row("5-fold, all 1,000 applicants (models of the same form)", folds_1000),
        row("5-fold, the 700 it was trained on", folds_700),
        row("the 300 it has not seen", holdout),
        row("the 700 it was trained on, by the model itself (optimistic)", train), "",
        "**Data.** 1,000 applicants of a German bank, 30 % bad, collected before 1994; amounts in Deutsche Mark. The split "
        f"is seeded ({SEED}), stratified, and listed in `split.csv`.", "",
        "**Attribution.** `german_credit.csv` is Statlog (German Credit Data), Hans Hofmann, 1994, UCI Machine Learning Repository, "
        "https://doi.org/10.24432/C5NC77, under CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/). Changed: attributes have "
        "names, their codes are written out as text. The golden rows and the model are derived from it.", "",
        "**Not inputs.** Personal status and sex, foreign-worker status. Age is an input; check your law before you use it.", "",
        "**Use.** A demonstration. Nobody today should be scored by it: it is three decades old, from one bank, of people "
        "who had already passed that bank's own selection.", "",
        "**Unknown values.** An input that is absent, or a text never seen in training, gets no score: the decision goes to review.", "",
    ]))


def main():
    frame, outcome = read()
    rows = np.arange(len(frame))
    train, holdout = (np.sort(part) for part in train_test_split(rows, train_size=700, stratify=outcome, random_state=SEED))
    numeric, text, fitted = pipeline(frame)
    fitted.fit(frame.iloc[train], outcome[train])
    encode, logistic = fitted.named_steps["encode"], fitted.named_steps["score"]

    model = convert_sklearn(
        fitted, NAME, [(n, (FloatTensorType if n in numeric else StringTensorType)([None, 1])) for n in frame],
        options={"zipmap": False}, target_opset=OPSET,
    )
    classifier = next(node for node in model.graph.node if node.op_type == "LinearClassifier")
    names, coefficients = list(frame), logistic.coef_[0]
    means = encode.transform(frame.iloc[train]).mean(axis=0)
    model.opset_import.sort(key=lambda opset: opset.domain)  # skl2onnx keeps them in a set
    add_contributions(model, classifier.input[0], groups(numeric, text, encode), coefficients, means, names)
    (HERE / "model.onnx").write_bytes(model.SerializeToString(deterministic=True))

    session = onnxruntime.InferenceSession(str(HERE / "model.onnx"), providers=["CPUExecutionProvider"])
    outputs = session.run(["probabilities", "contributions"], feeds(frame, numeric))
    base = round(float(logistic.intercept_[0] + coefficients @ means), PLACES)
    log_odds = fitted.decision_function(frame)
    assert np.abs(outputs[1].sum(axis=1) + base - log_odds).max() < 1e-4, "contributions must sum to the log-odds"

    probability = fitted.predict_proba(frame)[:, 1]
    split = np.where(np.isin(rows, train), "train", "holdout")
    (HERE / "split.csv").write_text("row,part\n" + "".join(f"{r},{p}\n" for r, p in zip(rows, split)))
    write_golden(frame, numeric, rows, probability, outputs, log_odds)
    write_manifest(numeric, encode, base)
    card = [five_fold(frame.iloc[train], outcome[train]), five_fold(frame, outcome),
            quality(outcome[train], probability[train]), quality(outcome[holdout], probability[holdout])]
    write_card(*card)
    print(*card, sep="\n")


if __name__ == "__main__":
    main()
