"""Draws what the model is trained on from the demo: `python -m application_fraud.draw WEIR` in the folder `models`, WEIR being the binary.

Needed when the demo's telemetry or a view has changed; what it wrote is committed, so training needs no build.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd

from .telemetry import INPUTS, SEEDS, VECTORS


def drawn(weir, seed):
    """A row for each of a thousand applicants: what was planted, and the inputs as they were at the decision."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "vectors.ndjson"
        told = ["--data", f"{folder}/demo", "--report", f"{folder}/report.html", "--vectors", str(out)]
        subprocess.run([weir, "demo", "--seed", str(seed), *told], check=True, stdout=subprocess.DEVNULL)
        lines = pd.read_json(out, lines=True, precise_float=True)
    features = pd.DataFrame(lines["features"].tolist())[list(INPUTS)]
    return pd.concat([lines[["row", "planted"]].assign(seed=seed)[["seed", "row", "planted"]], features], axis=1)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    weir = Path(sys.argv[1]).resolve()
    together = pd.concat([drawn(weir, seed) for seeds in SEEDS.values() for seed in seeds])
    together.to_csv(VECTORS, index=False, compression={"method": "gzip", "mtime": 0})


main()
