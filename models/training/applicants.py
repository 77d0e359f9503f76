"""The German Credit data: which attributes are inputs, what they are called in a feature vector, and who is held out.

Sex (it is part of personal status) and foreign-worker status are not inputs.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from . import SEED

HERE = Path(__file__).parents[1] / "german_credit"
VIEW = "applicant"

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
REASONS = {f"{VIEW}__{name}": (code, wording) for name, (_, code, wording) in INPUTS.items()}

TRAINING_DATA = "UCI Statlog German Credit, 700 of 1,000 applicants (split.csv), CC BY 4.0"
ABOUT = [
    "**Data.** 1,000 applicants of a German bank, 30 % bad, collected before 1994; amounts in Deutsche Mark. The split "
    f"is seeded ({SEED}), stratified, and listed in `split.csv` of `models/german_credit`.",
    "**Attribution.** `german_credit.csv` is Statlog (German Credit Data), Hans Hofmann, 1994, UCI Machine Learning Repository, "
    "https://doi.org/10.24432/C5NC77, under CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/). Changed: attributes have "
    "names, their codes are written out as text. The golden rows and the model are derived from it.",
    "**Not inputs.** Personal status and sex, foreign-worker status. Age is an input; check your law before you use it.",
    "**Use.** A demonstration. Nobody today should be scored by it: it is three decades old, from one bank, of people "
    "who had already passed that bank's own selection.",
    "**Unknown values.** An input that is absent, or a text never seen in training, gets no score: the decision goes to review.",
]


@dataclass(frozen=True)
class Applicants:
    """One column an input and one row an applicant; the outcome is 1 where the loan went bad."""

    frame: pd.DataFrame
    outcome: np.ndarray
    train: np.ndarray
    holdout: np.ndarray


def read():
    raw = pd.read_csv(HERE / "german_credit.csv", keep_default_na=False)
    frame = pd.DataFrame({f"{VIEW}__{name}": raw[column] for name, (column, _, _) in INPUTS.items()})
    outcome = (raw["creditability"] == "bad").astype(int).to_numpy()
    parts = train_test_split(np.arange(len(frame)), train_size=700, stratify=outcome, random_state=SEED)
    return Applicants(frame, outcome, *(np.sort(part) for part in parts))


def write_split(applicants):
    """The demo reads it, to know whom the scorecard has seen."""
    rows = np.arange(len(applicants.frame))
    parts = np.where(np.isin(rows, applicants.train), "train", "holdout")
    (HERE / "split.csv").write_text("row,part\n" + "".join(f"{r},{p}\n" for r, p in zip(rows, parts)))
