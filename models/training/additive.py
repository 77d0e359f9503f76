"""Models whose log-odds are a sum over their inputs: a linear one behind steps for each column (bins, powers, scaled to a range, a level
dropped). What one input adds is what changes when it alone changes.
"""

import numpy as np
import pandas as pd


def contributions(log_odds, frame):
    """Of each row and input, and what they stand beside: the log-odds of the first row. Ship them with `beside_golden_rows`."""
    usual = pd.concat([frame.iloc[[0]]] * len(frame), ignore_index=True).astype(frame.dtypes.to_dict())
    base = float(log_odds(frame.iloc[[0]])[0])
    added = [log_odds(usual.assign(**{name: frame[name].to_numpy()})) - base for name in frame]
    values = np.stack(added, axis=1)
    apart = np.abs(base + values.sum(axis=1) - log_odds(frame)).max()
    assert apart < 1e-6, f"no sum over its inputs: {apart} apart"
    return values, base
