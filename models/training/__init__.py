"""What the scripts that train the shipped models share: data, figures, export, package and card.

A script is run from the folder `models`, as `python -m german_credit_forest.train`; `python -m training` runs them all and says what
came out otherwise than it was.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # the order of sums must not depend on cores

SEED = 20260301
