from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from headgate.models import kserve
from headgate.models.errors import InferenceFailed

FLOATS = arrays.arrays(np.float32, st.tuples(st.integers(1, 3), st.integers(1, 4)), elements=st.floats(-9, 9, width=32))


def answered(array: np.ndarray, *, binary: bool) -> kserve.Body:
    """The same bytes as a request, read as an answer: both sides write tensors alike."""
    body = kserve.request({"logits": array}, binary=binary)
    size = int(body.headers.get(kserve.HEADER, len(body.data)))
    head = json.loads(body.data[:size])
    text = json.dumps({"outputs": head["inputs"]}).encode()
    return kserve.Body(text + body.data[size:], {kserve.HEADER: str(len(text))} if binary else {})


@given(array=FLOATS, binary=st.booleans())
def test_a_tensor_that_is_written_is_read_back(array: np.ndarray, binary: bool) -> None:
    body = answered(array, binary=binary)
    assert np.array_equal(kserve.answer(body.data, header=body.headers.get(kserve.HEADER)), array)


def test_tensors_before_the_one_that_is_wanted_are_passed_over() -> None:
    tensors = [
        {"name": "other", "datatype": "FP32", "shape": [2], "parameters": {"binary_data_size": 8}},
        {"name": "logits", "datatype": "FP32", "shape": [1, 1], "parameters": {"binary_data_size": 4}},
    ]
    head = json.dumps({"outputs": tensors}).encode()
    data = head + np.array([1, 2, 3], dtype="<f4").tobytes()
    assert kserve.answer(data, header=str(len(head))).tolist() == [[3.0]]


@pytest.mark.parametrize("header", ["-1", "1e3", "", "99", "²"])
def test_a_header_that_does_not_fit_is_a_failed_inference(header: str) -> None:
    with pytest.raises(InferenceFailed, match="does not fit"):
        kserve.answer(b"{}", header=header)


@pytest.mark.parametrize("size", ["8", -4, 1.5, [4]])
def test_a_size_that_is_no_number_of_bytes_is_a_failed_inference(size: object) -> None:
    for name in ("other", "logits"):
        tensor = {"name": name, "datatype": "FP32", "shape": [1], "parameters": {"binary_data_size": size}}
        with pytest.raises(InferenceFailed, match="binary_data_size"):
            kserve.answer(json.dumps({"outputs": [tensor]}).encode(), header=None)


def test_what_a_server_says_of_its_fault_is_shortened() -> None:
    assert kserve.fault(b'{"error": "gone"}') == "gone"
    assert len(kserve.fault(json.dumps({"error": "x" * 999}).encode())) == 200
    assert kserve.fault(b"<html>") == ""
