"""The standard operators at their edges: operator by type, over NaN, infinities, zeros of both signs, subnormals, the largest and
least integers, what 32 bits or a float64 cannot hold, empty tensors, one row, indices out of range, and texts."""
import numpy as np
import onnx
from onnx import TensorProto as T
from onnx import helper, numpy_helper

from case import case

FLOAT = [
    np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, -1.5, 2.5, -2.5, 0.1, 3.7, -7.25, 20.0, -20.0, 50.0,
    -50.0, 89.0, -89.0, 104.0, -104.0, 1e30, -1e30, 1e-45, -1e-45, 1e-38, 3.4e38, -3.4e38, 16777217.0, 2147483520.0,
    2147483648.0, -2147483648.0, -2147483904.0, 4294967296.0, 9007199254740992.0,
]  # fmt: skip
DOUBLE = FLOAT + [
    5e-324, -5e-324, 1e-308, 1.7e308, -1.7e308, 709.0, 710.0, -745.0, -746.0, 9007199254740993.0, 2147483647.0,
    2147483649.0, -2147483649.0, 4294967298.0, 9.3e18, -9.3e18,
]  # fmt: skip
INT32 = [0, 1, -1, 2, -2, 3, -3, 7, -7, 100, 2147483647, 2147483646, -2147483648, -2147483647]
INT64 = INT32 + [
    2147483648, 2147483649, -2147483649, 4294967298, 9007199254740992, 9007199254740993, -9007199254740993,
    3037000500, 9223372036854775807, 9223372036854775806, -9223372036854775808, -9223372036854775807,
]  # fmt: skip
TEXT = [
    "", " ", "0", "1", "-1", "007", " 0.5", "0.5", "1e3", "1e-45", "nan", "NaN", "inf", "-inf", "true", "True", "2.9", "3000000001",
    "own", "größer", "京", "e\u0301", "-0",
]  # fmt: skip
SHORT = {"f": 22, "d": 22, "i": 14, "l": 26, "b": 2, "s": 8}
KINDS = {
    "f": (np.float32, T.FLOAT, FLOAT),
    "d": (np.float64, T.DOUBLE, DOUBLE),
    "i": (np.int32, T.INT32, INT32),
    "l": (np.int64, T.INT64, INT64),
    "b": (np.bool_, T.BOOL, [True, False]),
    "s": (object, T.STRING, TEXT),
}
random = np.random.default_rng(11)


def edges(kind, most=None):
    dtype, _, values = KINDS[kind]
    with np.errstate(over="ignore"):
        return np.array(values[:most], dtype)


def some(kind, shape):
    """Edges in some order, each once before one comes again."""
    values = edges(kind)
    count = int(np.prod(shape))
    order = np.concatenate([random.permutation(len(values)) for _ in range(count // len(values) + 1)])[:count]
    return values[order].reshape(shape)


def tame(kind, shape):
    """Small values, some of them equal."""
    if kind == "s":
        return random.choice(np.array(["a", "b", "", "京"], object), shape)
    return (random.integers(-3, 4, shape) / (2 if kind in "fd" else 1)).astype(KINDS[kind][0])


def elem(array):
    return T.STRING if array.dtype.kind in "OU" else helper.np_dtype_to_tensor_dtype(array.dtype)


def op(name, operator, inputs, constants=(), outputs=1, opset=18, fails=False, exact=False, **attributes):
    """One node; what is in `constants` comes from the file. With `outputs` as a list the missing ones are empty."""
    constants = dict(constants)
    taken = [f"Y{at}" for at in range(outputs)]
    order = attributes.pop("order", None) or [*inputs, *constants]
    node = helper.make_node(operator, order, taken, name=f"the_{operator}", **attributes)
    # An open dimension is the number of rows, of which all inputs have as many.
    agree = len({value.shape[0] for value in inputs.values() if value.ndim}) == 1
    shapes = {key: [None, *value.shape[1:]] if agree and value.ndim else list(value.shape) for key, value in inputs.items()}
    given = [helper.make_tensor_value_info(key, elem(value), shapes[key]) for key, value in inputs.items()]

    def model():
        held = [numpy_helper.from_array(value, key) for key, value in constants.items()]
        graph = helper.make_graph([node], name, given, [onnx.ValueInfoProto(name=key) for key in taken], held)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)

    case(name, model, inputs, exact, fails=fails, line_of=operator)


UNARY = [
    "Abs", "Neg", "Sqrt", "Reciprocal", "Exp", "Log", "Ceil", "Floor", "Round", "Sign", "Sin", "Cos", "Tan", "Asin", "Acos",
    "Atan", "Sinh", "Cosh", "Tanh", "Asinh", "Acosh", "Atanh", "Erf", "Sigmoid", "Relu", "HardSwish", "Softplus", "Softsign",
    "Mish", "Identity", "IsNaN", "IsInf", "Not", "Elu", "Selu", "Celu", "LeakyRelu", "ThresholdedRelu", "HardSigmoid",
]  # fmt: skip
WITH_ATTRIBUTES = {
    "Elu": {"alpha": 0.7}, "Selu": {"alpha": 1.5, "gamma": 2.0}, "Celu": {"alpha": 2.0}, "LeakyRelu": {"alpha": 0.3},
    "ThresholdedRelu": {"alpha": 0.5}, "HardSigmoid": {"alpha": 0.3, "beta": 0.4}, "IsInf": {"detect_negative": 0},
}  # fmt: skip
BINARY = [
    "Add", "Sub", "Mul", "Div", "Pow", "Mod", "Max", "Min", "Mean", "Sum", "PRelu", "Equal", "Greater", "GreaterOrEqual",
    "Less", "LessOrEqual", "And", "Or", "Xor",
]  # fmt: skip
REDUCE = ["Sum", "Mean", "Max", "Min", "Prod", "L1", "L2", "LogSum", "LogSumExp", "SumSquare"]


def one_by_one():
    for operator in UNARY:
        for kind in KINDS:
            op(f"{operator}_{kind}", operator, {"X": edges(kind)})
            if operator in WITH_ATTRIBUTES:
                op(f"{operator}_{kind}_given", operator, {"X": edges(kind)}, **WITH_ATTRIBUTES[operator])
        op(f"{operator}_empty", operator, {"X": np.zeros((0, 3), np.bool_ if operator == "Not" else np.float32)})
    for kind in "fd":
        for approximate in ["none", "tanh"]:
            op(f"Gelu_{kind}_{approximate}", "Gelu", {"X": edges(kind)}, opset=20, approximate=approximate)
    op("HardSwish_f_22", "HardSwish", {"X": edges("f")}, opset=22)
    op("IsInf_f_neither", "IsInf", {"X": edges("f")}, detect_negative=0, detect_positive=0)


def two_by_two():
    for operator in BINARY:
        for kind in KINDS:
            x = edges(kind, SHORT[kind])
            pair = {"A": x.reshape(-1, 1), "B": x.reshape(1, -1)}
            if operator == "Div" and kind in "il":
                # Nobody divides by zero, nor the least by minus one: that ends ONNX Runtime.
                pair["B"] = pair["B"][:, (pair["B"] != 0).ravel() & (pair["B"] != -1).ravel()]
            if operator == "Mod":
                if kind in "il":
                    pair["B"] = pair["B"][:, (pair["B"] != 0).ravel() & (pair["B"] != -1).ravel()]
                op(f"Mod_{kind}_fmod", "Mod", pair, fmod=1)
                if kind in "fd":
                    continue
            if operator == "Pow" and kind in "il":
                pair["B"] = np.array([[0, 1, 2, 3, 5, -1]], KINDS[kind][0])
            op(f"{operator}_{kind}", operator, pair)
            if operator in ["Max", "Min", "Sum", "Mean"]:
                op(f"{operator}_{kind}_alone", operator, {"A": x})
                op(f"{operator}_{kind}_three", operator, {"A": x, "B": x[::-1].copy(), "C": np.roll(x, 5)})
            op(f"{operator}_{kind}_empty", operator, {"A": x[:0].reshape(0, 1), "B": x.reshape(1, -1)})
            # A constant beside it, which a runtime may take as a reason to leave the operator out.
            for constant in [0, 1, -1, np.nan, np.inf] if kind in "fd" else [1, 3] if operator in ["Div", "Mod"] else [0, 1, -1]:
                if kind in "fdil" and operator not in ["And", "Or", "Xor", "Mod", "Pow"]:
                    op(f"{operator}_{kind}_{constant}", operator, {"A": edges(kind)}, {"B": np.array([constant], KINDS[kind][0])})
    for base, exponent in ["fd", "fi", "fl", "df", "dl", "if", "id", "il", "lf", "li"]:
        exponents = [0, 1, 2, 3, -1] if base in "il" else [0, 1, 2, 3, -1, -2]
        op(f"Pow_{base}_{exponent}", "Pow", {"A": edges(base, SHORT[base]).reshape(-1, 1), "B": np.array([exponents], KINDS[exponent][0])})
    for kind in KINDS:
        x = some(kind, (12, 3))
        op(f"Equal_{kind}_19", "Equal", {"A": edges(kind).reshape(-1, 1), "B": edges(kind)[:8]}, opset=19)
        op(f"Where_{kind}", "Where", {"C": random.random((12, 1)) < 0.5, "X": x, "Y": some(kind, (1, 3))})
    for kind in "fdil":
        x, least, most = edges(kind), KINDS[kind][0](-2), KINDS[kind][0](3)
        op(f"Clip_{kind}", "Clip", {"X": x}, {"least": np.array(least), "most": np.array(most)})
        op(f"Clip_{kind}_below", "Clip", {"X": x}, {"least": np.array(least)})
        op(f"Clip_{kind}_above", "Clip", {"X": x}, {"most": np.array(most)}, order=["X", "", "most"])
        op(f"Clip_{kind}_crossed", "Clip", {"X": x}, {"least": np.array(most), "most": np.array(least)})
        op(f"Clip_{kind}_open", "Clip", {"X": x})
    op("Clip_f_nan", "Clip", {"X": edges("f")}, {"least": np.array(np.nan, np.float32), "most": np.array(1, np.float32)})
    op("Clip_f_6", "Clip", {"X": edges("f")}, opset=6, min=-1.0, max=2.0)


def casts():
    for source in KINDS:
        for target, (_, to, _) in KINDS.items():
            x = edges(source)
            if source == "s" and target != "s":
                x = np.array(["0", "1", "007"], object)
            op(f"Cast_{source}_{target}", "Cast", {"X": x}, to=to)
            op(f"CastLike_{source}_{target}", "CastLike", {"X": x}, {"like": edges(target, 1)})
    for kind in "il":
        for operator in ["Div", "Mod"]:
            op(f"{operator}_{kind}_by_zero", operator, {"A": edges(kind), "B": np.array([0], KINDS[kind][0])}, fails=True)
    for target in "fdilb":
        for text in TEXT + ["1e400", "1e-400", "0x10", "2147483648", "9223372036854775808", "1.5", "1.5x", "1,5", "1 ", "+1", "18446744073709551616"]:
            op(f"Cast_s_{target}_{text.encode().hex()}", "Cast", {"X": np.array([text], object)}, to=KINDS[target][1], fails=True)
    numbers = [1e9, 1e-5, 123456.0, 1234567.0, 12345678.0, 1e15, 1e16, 1e17, 1e21, 0.001, 0.0001, 0.00001, 1 / 3, 100.0, 1e7, 1e8]
    for kind in "fd":
        op(f"Cast_{kind}_s_numbers", "Cast", {"X": np.array(numbers + [-n for n in numbers], KINDS[kind][0])}, to=T.STRING)


def reductions():
    for reduction in REDUCE:
        for kind in "fdilb":
            operator = f"Reduce{reduction}"
            x = tame(kind, (4, 3))
            late = 20 if reduction in ["Max", "Min"] else 18
            for opset in sorted({13, late}):
                axes = {"axes": np.array([1], np.int64)} if opset >= 18 or reduction == "Sum" else {}
                attribute = {} if axes else {"axes": [1]}
                name = f"{operator}_{kind}_{opset}"
                op(name, operator, {"X": x}, axes, opset=opset, **attribute)
                op(f"{name}_flat", operator, {"X": x}, axes, opset=opset, keepdims=0, **attribute)
            op(f"{operator}_{kind}_all", operator, {"X": some(kind, (5, 3))}, opset=late, keepdims=0)
            op(f"{operator}_{kind}_rows", operator, {"X": some(kind, (12, 2))}, {"axes": np.array([-1], np.int64)}, opset=late)
            op(f"{operator}_{kind}_down", operator, {"X": some(kind, (3, 6))}, {"axes": np.array([0], np.int64)}, opset=late)
            op(f"{operator}_{kind}_noop", operator, {"X": x}, {"axes": np.array([], np.int64)}, opset=late, noop_with_empty_axes=1)
            op(f"{operator}_{kind}_empty", operator, {"X": x[:0]}, {"axes": np.array([0], np.int64)}, opset=late)
    # Likelihoods as naive Bayes has them, of which ONNX Runtime's sum, in float32, is not the nearest one. One float32 beside it
    # is 1e-5 of a probability.
    likelihoods = [
        [-138.46599, -130.05, np.nan, np.nan, np.nan], [-128.65738, -117.283417, np.nan, np.nan, np.nan],
        [-121.224915, -130.56563, np.nan, np.nan, np.nan], [-159.02115, -173.15564, -123.431175, -162.84004, -112.054764],
        [-169.17136, -165.78935, -117.6516, -119.97656, -165.2803],
    ]  # fmt: skip
    x = {"X": np.nan_to_num(np.array(likelihoods, np.float32), nan=-np.inf)}
    op("ReduceLogSumExp_f_likelihoods", "ReduceLogSumExp", x, {"axes": np.array([1], np.int64)}, exact=True)
    # A row alone, whose sum ONNX Runtime makes in one order: equal bits, whatever the width.
    drawn = np.random.default_rng(4)
    for reduction in ["Sum", "Mean", "L1", "L2", "Prod", "SumSquare"]:
        for kind in "fd":
            for shape in [(1, 5), (1, 12), (1, 23), (1, 2, 7), (1, 41)]:
                x = {"X": drawn.normal(3, 2, shape).astype(KINDS[kind][0])}
                name = f"Reduce{reduction}_{kind}_alone_{'_'.join(map(str, shape[1:]))}"
                op(name, f"Reduce{reduction}", x, {"axes": np.array([len(shape) - 1], np.int64)}, exact=True)
                if len(shape) == 3:
                    op(f"{name}_first", f"Reduce{reduction}", x, {"axes": np.array([1], np.int64)}, exact=True)
    for exponent in [2, 3]:
        for width in [1, 4]:
            x = {"X": drawn.normal(0, 40, (200, width)).astype(np.float32)}
            op(f"Pow_f_all_{exponent}_{width}", "Pow", x, {"E": np.array([exponent], np.float32)}, exact=True)
    for operator in ["ArgMax", "ArgMin"]:
        for kind in "fdil":
            for last in [0, 1]:
                op(f"{operator}_{kind}_{last}", operator, {"X": some(kind, (14, 3))}, axis=1, keepdims=0, select_last_index=last)
                op(f"{operator}_{kind}_{last}_tied", operator, {"X": tame(kind, (9, 6))}, axis=-1, select_last_index=last)
                op(f"{operator}_{kind}_{last}_down", operator, {"X": tame(kind, (9, 6))}, axis=0, select_last_index=last)
        nans = np.array([[np.nan, 1, 2], [1, np.nan, 2], [1, 2, np.nan], [np.nan] * 3, [np.inf, np.nan, 3], [-0.0, 0.0, -0.0]], np.float32)
        op(f"{operator}_nan", operator, {"X": nans}, axis=1)
        op(f"{operator}_nan_last", operator, {"X": nans}, axis=1, select_last_index=1)
    for kind in "fdil":
        for largest in [0, 1]:
            for label, x in [("some", some(kind, (10, 5))), ("tied", tame(kind, (6, 5)))]:
                op(f"TopK_{kind}_{largest}_{label}", "TopK", {"X": x}, {"K": np.array([3], np.int64)}, outputs=2, largest=largest)
    op("TopK_one", "TopK", {"X": tame("f", (6, 5))}, {"K": np.array([1], np.int64)}, outputs=2)
    op("TopK_none", "TopK", {"X": tame("f", (6, 5))}, {"K": np.array([0], np.int64)}, outputs=2)
    op("TopK_many", "TopK", {"X": tame("f", (6, 5))}, {"K": np.array([6], np.int64)}, outputs=2, fails=True)
    nans = np.array([[np.nan, 1, 2, -np.inf], [1, np.nan, np.inf, 2]], np.float32)
    op("TopK_nan", "TopK", {"X": nans}, {"K": np.array([3], np.int64)}, outputs=2)
    for kind in "fdil":
        for exclusive in [0, 1]:
            for reverse in [0, 1]:
                op(f"CumSum_{kind}_{exclusive}{reverse}", "CumSum", {"X": some(kind, (4, 6))}, {"axis": np.array(1, np.int64)}, exclusive=exclusive, reverse=reverse)


def distributions():
    for operator in ["Softmax", "LogSoftmax", "Hardmax"]:
        for kind in "fd":
            for opset in [11, 13]:
                name = f"{operator}_{kind}_{opset}"
                tails = np.array([[0, -50], [0, -90], [0, -104], [0, -110], [100, 99], [-1000, -1001], [0, 0], [1e30, -1e30]], KINDS[kind][0])
                op(f"{name}_tails", operator, {"X": tails}, opset=opset)
                op(f"{name}_some", operator, {"X": some(kind, (14, 3))}, opset=opset, axis=1)
                op(f"{name}_deep", operator, {"X": tame(kind, (4, 3, 2))}, opset=opset, axis=1)
                op(f"{name}_last", operator, {"X": tame(kind, (4, 3, 2))}, opset=opset, axis=-1)
                op(f"{name}_empty", operator, {"X": tails[:0]}, opset=opset)
    for kind in "fd":
        for p in [1, 2]:
            op(f"LpNormalization_{kind}_{p}", "LpNormalization", {"X": tame(kind, (6, 4))}, axis=1, p=p)
            op(f"LpNormalization_{kind}_{p}_some", "LpNormalization", {"X": some(kind, (12, 4))}, axis=1, p=p)
        scale, bias = tame(kind, (4,)), tame(kind, (4,))
        op(f"LayerNormalization_{kind}", "LayerNormalization", {"X": tame(kind, (6, 4))}, {"scale": scale, "bias": bias})
        op(f"LayerNormalization_{kind}_some", "LayerNormalization", {"X": some(kind, (12, 4))}, {"scale": scale})
        given = {"scale": scale, "bias": bias, "mean": tame(kind, (4,)), "variance": np.abs(tame(kind, (4,)))}
        op(f"BatchNormalization_{kind}", "BatchNormalization", {"X": tame(kind, (6, 4))}, given)
        op(f"BatchNormalization_{kind}_some", "BatchNormalization", {"X": some(kind, (12, 4))}, given)


def places():
    for kind in KINDS:
        x = tame(kind, (5, 4))
        for label, indices in [("rows", [0, 4, 2]), ("negative", [-1, -4, 0]), ("matrix", [[0, 1], [2, 3]]), ("none", [])]:
            op(f"Gather_{kind}_{label}", "Gather", {"X": x}, {"at": np.array(indices, np.int64)}, axis=1 if label == "negative" else 0)
        op(f"Gather_{kind}_given", "Gather", {"at": np.array([0, 3, -1], np.int32)}, {"X": x}, order=["X", "at"])
        op(f"Gather_{kind}_one", "Gather", {"X": x}, {"at": np.array(2, np.int64)}, axis=1)
        for at in [5, -6, 2147483648, 4294967296]:
            op(f"Gather_{kind}_at_{at}", "Gather", {"at": np.array([at], np.int64)}, {"X": x}, order=["X", "at"], fails=True)
        at = random.integers(-4, 4, (5, 2)).astype(np.int64)
        op(f"GatherElements_{kind}", "GatherElements", {"X": x}, {"at": at}, axis=1)
        op(f"GatherElements_{kind}_given", "GatherElements", {"X": x, "at": at}, axis=1)
        op(f"GatherElements_{kind}_out", "GatherElements", {"X": x, "at": np.full((5, 1), 4)}, axis=1, fails=True)
        op(f"GatherND_{kind}", "GatherND", {"X": x, "at": np.array([[0, 1], [-1, -1], [2, 3]], np.int64)})
        op(f"GatherND_{kind}_out", "GatherND", {"X": x, "at": np.array([[0, 4]], np.int64)}, fails=True)
        op(f"ScatterElements_{kind}", "ScatterElements", {"X": x}, {"at": np.array([[0, 1]] * 5), "of": tame(kind, (5, 2))}, axis=1)
        op(f"ScatterND_{kind}", "ScatterND", {"X": x}, {"at": np.array([[0], [2]]), "of": tame(kind, (2, 4))})
        op(f"Concat_{kind}", "Concat", {"A": x, "B": tame(kind, (5, 2))}, axis=1)
        op(f"Concat_{kind}_down", "Concat", {"A": x, "B": tame(kind, (2, 4))}, axis=0)
        op(f"Concat_{kind}_empty", "Concat", {"A": x[:, :0], "B": x}, axis=-1)
        op(f"Reshape_{kind}", "Reshape", {"X": x}, {"to": np.array([0, 2, -1])})
        op(f"Reshape_{kind}_flat", "Reshape", {"X": x}, {"to": np.array([-1])})
        op(f"Transpose_{kind}", "Transpose", {"X": x}, perm=[1, 0])
        op(f"Flatten_{kind}", "Flatten", {"X": tame(kind, (3, 2, 2))}, axis=1)
        op(f"Squeeze_{kind}", "Squeeze", {"X": x[:, :1]}, {"axes": np.array([1])})
        op(f"Unsqueeze_{kind}", "Unsqueeze", {"X": x}, {"axes": np.array([1, -1])})
        op(f"Expand_{kind}", "Expand", {"X": x[:, :1]}, {"to": np.array([1, 3])})
        op(f"Tile_{kind}", "Tile", {"X": x}, {"times": np.array([1, 2])})
        op(f"Split_{kind}", "Split", {"X": x}, {"into": np.array([1, 3])}, outputs=2, axis=1)
        op(f"Split_{kind}_even", "Split", {"X": x}, outputs=2, axis=1, num_outputs=2)
        for label, start, end, step in [("back", [-1], [-10], [-1]), ("two", [0], [9223372036854775807], [2]), ("none", [3], [1], [1]), ("end", [-2], [2147483648], [1])]:
            given = {"from": np.array(start), "to": np.array(end), "axes": np.array([1]), "by": np.array(step)}
            op(f"Slice_{kind}_{label}", "Slice", {"X": x}, given)
        op(f"Pad_{kind}", "Pad", {"X": x}, {"by": np.array([0, 1, 0, 2]), "with": tame(kind, ())})
        op(f"Compress_{kind}", "Compress", {"X": x}, {"which": np.array([True, False, True, False])}, axis=1)
        op(f"Trilu_{kind}", "Trilu", {"X": x}, upper=0)
        op(f"Shape_{kind}", "Shape", {"X": x})
        op(f"Size_{kind}", "Size", {"X": x})
        op(f"NonZero_{kind}", "NonZero", {"X": some(kind, (4, 3))})
        op(f"Dropout_{kind}", "Dropout", {"X": x}, opset=13)
    for indices in "fdil":
        for values in "fdilbs":
            at = np.array([0, 1, 2, 3, -1, -3, -4, 2147483647], KINDS[indices][0])
            off_on = tame(values, (2,)) if values == "s" else np.array([0, 1], KINDS[values][0])
            op(f"OneHot_{indices}_{values}", "OneHot", {"X": at}, {"depth": np.array(3), "values": off_on})
    far = np.array([4294967298, 4294967296, -4294967295, 9223372036854775807, 2], np.int64)
    op("OneHot_far", "OneHot", {"X": far}, {"depth": np.array(3), "values": np.array([0, 1], np.float32)})
    op("OneHot_front", "OneHot", {"X": far}, {"depth": np.array(3), "values": np.array([5, 7], np.int64)}, axis=0)


def products():
    for kind in "fdil":
        a, b = tame(kind, (5, 4)), tame(kind, (4, 3))
        op(f"MatMul_{kind}", "MatMul", {"A": a}, {"B": b})
        op(f"MatMul_{kind}_some", "MatMul", {"A": some(kind, (12, 4))}, {"B": b})
        op(f"MatMul_{kind}_row", "MatMul", {"A": a}, {"B": b[:, 0]})
        op(f"MatMul_{kind}_empty", "MatMul", {"A": a[:0]}, {"B": b})
        op(f"MatMul_{kind}_deep", "MatMul", {"A": tame(kind, (2, 3, 4))}, {"B": b})
        for label, given in [("plain", {}), ("scaled", {"alpha": 0.5, "beta": 2.0}), ("without", {"beta": 0.0})]:
            if kind in "il" and label == "scaled":
                continue
            op(f"Gemm_{kind}_{label}", "Gemm", {"A": a}, {"B": b, "C": tame(kind, (3,))}, **given)
        op(f"Gemm_{kind}_turned", "Gemm", {"A": a}, {"B": b.T.copy()}, transB=1)
        op(f"Gemm_{kind}_some", "Gemm", {"A": some(kind, (12, 4))}, {"B": b, "C": tame(kind, (1, 3))})
        op(f"Gemm_{kind}_column", "Gemm", {"A": a[:1]}, {"B": b, "C": tame(kind, (1, 1))})
    op("StringConcat", "StringConcat", {"A": edges("s"), "B": edges("s")[::-1].copy()}, opset=20)


def all_edges():
    one_by_one()
    two_by_two()
    casts()
    reductions()
    distributions()
    places()
    products()
