"""The telemetry that the model reads, and whom it is trained and tested on.

Everybody who applies has let the lender see device and behaviour. What only the carrier knows is no input: who keeps that consent back
must not be without a score.
"""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

VECTORS = Path(__file__).parent / "vectors.csv.gz"
# Of the demo: others than its default, so that its own applicants are unseen too.
SEEDS = {"train": (11, 12, 13), "unseen": (14, 15)}

# feature: (reason code, what an applicant is told)
INPUTS = {
    "device_sharing__customers_7d": ("device_shared", "How many people used your device within a week"),
    "ip_sharing__customers_7d": ("address_shared", "How many people used your network address within a week"),
    "ip_sharing__devices_7d": ("address_shared", "How many devices used your network address within a week"),
    "device_trust__emulated_30d": ("device_emulated", "Whether your app ran on a phone of its own"),
    "device_trust__rooted_30d": ("device_rooted", "Whether your phone's protection was taken off"),
    "device_trust__max_skew_ms_30d": ("clock_off", "How far the clock of your phone was off"),
    "form_rhythm__last_ms_7d": ("form_pace", "How fast the application was filled in"),
    "form_rhythm__rhythm_ms_7d": ("form_rhythm", "How evenly the application was typed"),
    "form_rhythm__pastes_per_field": ("form_pasted", "How much of the application was pasted"),
    "form_rhythm__corrections_per_key": ("form_corrected", "How often something was corrected while typing"),
    "taps__taps_7d": ("taps", "How often you touched the app within a week"),
    "taps__dwell_ms_7d": ("taps_pace", "How long you stayed at each step of the app"),
    "taps__spread_ms_7d": ("taps_rhythm", "How evenly you moved through the app"),
}


@dataclass(frozen=True)
class Applicants:
    """Who has every input: one column an input, what was planted (`ring`, `bot` or `nothing`), and whether they are trained on."""

    frame: pd.DataFrame
    planted: pd.Series
    train: pd.Series
    incomplete: int


def read():
    drawn = pd.read_csv(VECTORS)
    whole = drawn.dropna(subset=list(INPUTS)).reset_index(drop=True)
    planted = whole["planted"].str.partition(" ")[0].fillna("nothing")
    return Applicants(whole[list(INPUTS)], planted, whole["seed"].isin(SEEDS["train"]), len(drawn) - len(whole))
