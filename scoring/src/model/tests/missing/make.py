"""Writes the package beside this file: boosted trees that were trained with missing ages and amounts.

Run it with `models` on PYTHONPATH and the packages of `models/requirements.txt`. The data is German Credit (see
`models/german_credit/card.md` for its attribution), with every seventh age and every eleventh amount taken out.
"""

from pathlib import Path

from training import SEED, applicants, package, trees
from xgboost import XGBClassifier

data = applicants.read()
frame = data.frame.copy()
for name, every in [("applicant__age", 7), ("applicant__amount", 11)]:
    frame[name] = frame[name].astype("float64")
    frame.loc[::every, name] = float("nan")
classifier = XGBClassifier(n_estimators=20, max_depth=3, learning_rate=0.2, random_state=SEED, n_jobs=1)
fitted = trees.pipeline(frame, classifier).fit(frame.iloc[data.train], data.outcome[data.train])
contributions, base = trees.contributions(fitted, frame)
package.write(Path(__file__).parent, package.Package(
    "missing", 1, "tests", applicants.TRAINING_DATA, applicants.REASONS, trees.graph_of(fitted, "missing", frame), frame,
    fitted.predict_proba(frame)[:, 1].astype("float64"), trees.log_odds(fitted, frame), contributions, round(base, package.PLACES),
))
