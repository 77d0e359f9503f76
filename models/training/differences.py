"""In what two versions of a file differ: by line, by row and field, or by node and attribute, with both values."""

import json

import onnx
from onnx import helper


def places(name, content):
    """What stands where in a file."""
    match name.rsplit(".", 1)[-1]:
        case "onnx":
            return dict(of_graph(onnx.load_from_string(content)))
        case "jsonl":
            rows = [json.loads(line) for line in content.decode().splitlines()]
            numbers = [at if "feature" in row else row["row"] for at, row in enumerate(rows, 1)]
            return {f"row {number}{place}": value for number, row in zip(numbers, rows) for place, value in of_json(row)}
        case "json":
            return dict(of_json(json.loads(content or b"{}")))
        case "gz":
            return {"bytes": len(content)}
        case _:
            return {f"line {at}": line for at, line in enumerate(content.decode().splitlines(), 1)}


def of_json(value, place=""):
    match value:
        case dict():
            for name, inner in value.items():
                yield from of_json(inner, f"{place}.{name}")
        case list():
            for at, inner in enumerate(value):
                yield from of_json(inner, f"{place}[{at}]")
        case _:
            yield place, value


def of_graph(model):
    yield "graph", (model.graph.name, model.ir_version, model.producer_name, model.producer_version)
    yield "opsets", [(opset.domain, opset.version) for opset in model.opset_import]
    for end in [*model.graph.input, *model.graph.output]:
        yield f"{end.name}", str(end.type)
    for number, node in enumerate(model.graph.node):
        name = node.name or f"node {number}"
        yield f"{name}", (node.op_type, list(node.input), list(node.output))
        for attribute in node.attribute:
            yield from of_json(helper.get_attribute_value(attribute), f"{name}.{attribute.name}")
    for tensor in model.graph.initializer:
        yield from of_json(onnx.numpy_helper.to_array(tensor).tolist(), tensor.name)


def differences(name, before, after):
    """One line for each place that differs; none for files that are equal to the bit."""
    if before == after:
        return []
    was, now = places(name, before), places(name, after)
    nothing = "nothing"
    differ = [place for place in {**was, **now} if was.get(place, nothing) != now.get(place, nothing)]
    lines = [f"{place}: {was.get(place, nothing)} became {now.get(place, nothing)}" for place in differ]
    return lines or ["bytes differ, and nothing that they say"]
