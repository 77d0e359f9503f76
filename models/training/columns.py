"""From inputs to the numbers that a model is fitted on, and back: which input each encoded column came from."""

import numpy as np
import pandas as pd
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import OneHotEncoder


def numeric(frame):
    return [name for name in frame if pd.api.types.is_numeric_dtype(frame[name])]


def texts(frame):
    """What each text input may be, in order."""
    numbers = numeric(frame)
    return {name: sorted(frame[name].unique().tolist()) for name in frame if name not in numbers}


def step(name):
    return name.split("__", 1)[-1]  # scikit-learn allows no double underscore in a step's name


def one_hot(frame, numbers="passthrough"):
    """Numbers first, then a column for each value of each text."""
    known = [(step(name), OneHotEncoder(handle_unknown="ignore", sparse_output=False), [name]) for name in texts(frame)]
    return ColumnTransformer([("numeric", numbers, numeric(frame))] + known)


def owners(frame, encode):
    """The input of each encoded column."""
    owner = list(numeric(frame))
    for name in texts(frame):
        owner += [name] * len(encode.named_transformers_[step(name)].categories_[0])
    return owner


def typed(frame):
    """As a graph takes them: each input a column of its own."""
    numbers = numeric(frame)
    return [(name, (FloatTensorType if name in numbers else StringTensorType)([None, 1])) for name in frame]


def feeds(frame):
    numbers = numeric(frame)
    return {name: frame[[name]].to_numpy(np.float32 if name in numbers else object) for name in frame}
