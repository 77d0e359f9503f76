"""Asks the shipped scorecard by Triton's HTTP clients, unchanged: `ask.py HOST:PORT TOKEN PACKAGE_DIR`.

What they find is held against the package's golden rows, which hold what ONNX Runtime answered.
"""

import asyncio
import json
import sys
from pathlib import Path

import numpy as np
import tritonclient.http
import tritonclient.http.aio
from tritonclient.utils import InferenceServerException

MODEL = "german_credit"


def tensors(client, rows, binary):
    made = []
    for name, value in rows[0].items():
        is_text = isinstance(value, str)
        column = np.array([[row[name]] for row in rows], dtype=np.object_ if is_text else np.float32)
        tensor = client.InferInput(name, list(column.shape), "BYTES" if is_text else "FP32")
        made.append(tensor.set_data_from_numpy(column, binary_data=binary))
    return made


def agrees(result, golden):
    found = result.as_numpy("probabilities")
    assert found.dtype == np.float32 and found.shape == (len(golden), 2), found
    expected = [row["onnxruntime"]["probability"] for row in golden]
    np.testing.assert_allclose(found[:, 1], expected, atol=1e-6)


def refuses(words, ask):
    try:
        ask()
    except InferenceServerException as error:
        assert words in error.message(), error
    else:
        raise AssertionError(f"expected a refusal with `{words}`")


def synchronous(address, headers, golden):
    client = tritonclient.http.InferenceServerClient(address)
    assert client.is_server_live() and client.is_server_ready()
    assert client.is_model_ready(MODEL, headers=headers) and client.is_model_ready(MODEL, "1", headers=headers)
    assert not client.is_model_ready("nobody", headers=headers)
    assert client.get_server_metadata(headers=headers)["name"] == "weir"
    assert client.get_model_repository_index(headers=headers)[0]["name"] == MODEL
    told = client.get_model_metadata(MODEL, headers=headers)
    assert {tensor["name"] for tensor in told["inputs"]} == set(golden[0]["input"]), told

    rows = [row["input"] for row in golden]
    for binary in [True, False]:
        given = tensors(tritonclient.http, rows, binary)
        agrees(client.infer(MODEL, given, headers=dict(headers)), golden)
        wanted = [tritonclient.http.InferRequestedOutput(name, binary_data=binary) for name in ["probabilities", "label"]]
        asked = dict(outputs=wanted, model_version="1", request_id="r1")
        for encoding in [None, "gzip", "deflate"]:
            result = client.infer(MODEL, given, headers=dict(headers), request_compression_algorithm=encoding, **asked)
            agrees(result, golden)
            assert result.get_response()["id"] == "r1" and result.as_numpy("label").dtype == np.int64
            sent = client.infer(MODEL, given, headers=dict(headers), response_compression_algorithm="gzip", **asked)
            agrees(sent, golden)

    # What is no number goes through as it is, in both forms.
    holes = [{**rows[0], "applicant__age": np.nan}]
    for binary in [True, False]:
        given = tensors(tritonclient.http, holes, binary)
        wanted = [tritonclient.http.InferRequestedOutput("probabilities", binary_data=binary)]
        found = client.infer(MODEL, given, outputs=wanted, headers=dict(headers)).as_numpy("probabilities")
        assert np.isnan(found).all(), found

    refuses("expected german_credit, found `nobody`", lambda: client.infer("nobody", given, headers=dict(headers)))
    refuses("expected version 1, found `7`", lambda: client.infer(MODEL, given, "7", headers=dict(headers)))
    refuses("input `applicant__", lambda: client.infer(MODEL, given[1:], headers=dict(headers)))
    refuses("Authorization", lambda: client.infer(MODEL, given))
    classes = [tritonclient.http.InferRequestedOutput("probabilities", class_count=2)]
    refuses("classification", lambda: client.infer(MODEL, given, outputs=classes, headers=dict(headers)))


async def asynchronous(address, headers, golden):
    async with tritonclient.http.aio.InferenceServerClient(address) as client:
        assert await client.is_server_ready()
        given = tensors(tritonclient.http.aio, [row["input"] for row in golden], True)
        calls = [client.infer(MODEL, given, headers=dict(headers)) for _ in range(8)]
        for result in await asyncio.gather(*calls):
            agrees(result, golden)


def main(address, token, package):
    lines = (Path(package) / "golden.jsonl").read_text().splitlines()
    golden = [json.loads(line) for line in lines]
    headers = {"Authorization": f"Bearer {token}"}
    synchronous(address, headers, golden)
    asyncio.run(asynchronous(address, headers, golden))


main(*sys.argv[1:])
