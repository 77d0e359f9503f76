"""Writes the corpus anew and says what came of it: `models/NAME.onnx` with `models/NAME.json`."""
import shutil

import bodies
import by_hand
import case
import categories
import edges
import trained

if __name__ == "__main__":
    for folder in ["models", "edges"]:
        shutil.rmtree(case.HERE / folder, ignore_errors=True)
    by_hand.all_by_hand()
    trained.all_trained()
    categories.all_categories()
    edges.all_edges()
    bodies.all_bodies()
    size = sum(path.stat().st_size for folder in ["models", "edges"] for path in (case.HERE / folder).iterdir())
    print(f"{len(case.written)} cases, {size / 1e6:.1f} MB")
    for name, reason in case.skipped:
        print(f"not exported: {name}: {reason}")
