"""oneDAL's trees beside ours: reads the folder of a package that `train.py` wrote, and for each line on standard input runs all of its
rows once, on one thread. What it prints is the processor time of that in nanoseconds.
"""

import sys
import time
from pathlib import Path

import daal4py
import lightgbm
import numpy as np
import xgboost
from daal4py.mb import convert_model

FOLDER = Path(sys.argv[1])


def trained():
    if (FOLDER / "booster.txt").exists():
        return lightgbm.Booster(model_file=FOLDER / "booster.txt")
    booster = xgboost.Booster()
    booster.load_model(FOLDER / "booster.json")
    return booster


def main():
    daal4py.daalinit(nthreads=1)
    model = convert_model(trained())
    rows = np.fromfile(FOLDER / "rows.f32", "<f4").reshape(-1, model.n_features_in_)
    print("ready", *model.predict_proba(rows[:5])[:, 1], flush=True)
    for _ in sys.stdin:
        before = time.thread_time_ns()
        model.predict_proba(rows)
        print(time.thread_time_ns() - before, flush=True)


main()
