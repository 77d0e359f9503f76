"""Trains the shipped models again, and says of each file whether it came out bit for bit as it was, or else in what it differs.

Exit status 1 when anything differs. Names given are the models to train: else all.
"""

import subprocess
import sys
from pathlib import Path

from .differences import differences

MODELS = Path(__file__).parents[1]
SHOWN = 10


def files(folder):
    made = [path for path in folder.iterdir() if path.is_file() and path.suffix != ".py"]
    return {path.name: path.read_bytes() for path in sorted(made)}


def trained(name):
    """Whether the model came out as it was. Each is trained in a process of its own: none can leave a mark on the next."""
    folder = MODELS / name
    before = files(folder)
    subprocess.run([sys.executable, "-W", "ignore", "-m", f"{name}.train"], cwd=MODELS, check=True)
    after = files(folder)
    same = True
    for file in sorted({*before, *after}):
        lines = differences(file, before.get(file, b""), after.get(file, b""))
        for line in lines[:SHOWN]:
            print(f"models/{name}/{file}: {line}"[:300])
        if len(lines) > SHOWN:
            print(f"models/{name}/{file}: and {len(lines) - SHOWN} more")
        same &= not lines
    print(f"models/{name}: {'the same, bit for bit' if same else 'differs'}", flush=True)
    return same


def main():
    known = sorted(path.parent.name for path in MODELS.glob("*/train.py"))
    names = sys.argv[1:] or known
    for unknown in set(names) - set(known):
        sys.exit(f"expected one of {', '.join(known)}, found {unknown}")
    sys.exit(0 if all([trained(name) for name in names]) else 1)


main()
