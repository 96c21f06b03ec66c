"""Bodies of the Open Inference Protocol (KServe v2) over HTTP: JSON, and its binary tensor extension."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from .errors import InferenceFailed

HEADER: Final = "Inference-Header-Content-Length"
"""Says how many bytes of a body are JSON; tensors follow it, in the order in which the JSON names them."""

BINARY: Final = "binary_tensor_data"
"""The extension's name among those that a server lists under `GET /v2`."""

OUTPUT: Final = "logits"

_NAMES: Final = {"int64": "INT64", "float32": "FP32", "int32": "INT32", "float16": "FP16"}
_DTYPES: Final = {word: np.dtype(name).newbyteorder("<") for name, word in _NAMES.items()} | {"FP64": np.dtype("<f8")}

Array = npt.NDArray[Any]


class Body(msgspec.Struct, frozen=True):
    """A body with the headers that say how it is to be read."""

    data: bytes
    headers: dict[str, str]


class _Tensor(msgspec.Struct, frozen=True):
    name: str
    datatype: str
    shape: list[int]
    data: list[Any] | None = None
    parameters: dict[str, Any] = {}


class _Answer(msgspec.Struct, frozen=True):
    outputs: list[_Tensor] = []


class _Fault(msgspec.Struct, frozen=True):
    error: str = ""


def request(feeds: Mapping[str, Array], *, binary: bool) -> Body:
    """An inference request for the output `logits`, with the tensors after the JSON or within it."""
    if not binary:
        held = [_described(name, array) | {"data": array.ravel().tolist()} for name, array in feeds.items()]
        asked = {"inputs": held, "outputs": [{"name": OUTPUT}]}
        return Body(msgspec.json.encode(asked), {"Content-Type": "application/json"})
    blobs = [np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).tobytes() for array in feeds.values()]
    inputs = [
        _described(name, array) | {"parameters": {"binary_data_size": len(blob)}}
        for (name, array), blob in zip(feeds.items(), blobs, strict=True)
    ]
    head = msgspec.json.encode({"inputs": inputs, "outputs": [{"name": OUTPUT, "parameters": {"binary_data": True}}]})
    headers = {"Content-Type": "application/octet-stream", HEADER: str(len(head))}
    return Body(b"".join([head, *blobs]), headers)


def answer(data: bytes, *, header: str | None) -> Array:
    """The tensor `logits` of an answer; `header` is the value of `HEADER`, None where all of it is JSON.

    Raises InferenceFailed where the answer is none, lacks the tensor, or holds fewer bytes than it says.
    """
    size = len(data) if header is None else int(header) if header.isascii() and header.isdigit() else -1
    if not 0 <= size <= len(data):
        raise InferenceFailed(f"the model server's {HEADER} does not fit its answer")
    try:
        found = msgspec.json.decode(data[:size], type=_Answer).outputs
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise InferenceFailed("the model server's answer is not that of the inference protocol") from error
    at = size
    for tensor in found:
        length = tensor.parameters.get("binary_data_size")
        if length is not None and (not isinstance(length, int) or length < 0):
            raise InferenceFailed("the model server's binary_data_size is no number of bytes")
        if tensor.name == OUTPUT:
            return _array(tensor, None if length is None else data[at : at + length])
        at += length or 0
    raise InferenceFailed(f"the model server's answer has no tensor {OUTPUT!r}")


def fault(data: bytes) -> str:
    """What an error answer says, shortened; empty where it says nothing."""
    try:
        return msgspec.json.decode(data, type=_Fault).error[:200]
    except (msgspec.ValidationError, msgspec.DecodeError):
        return ""


def _described(name: str, array: Array) -> dict[str, Any]:
    return {"name": name, "datatype": _NAMES[array.dtype.name], "shape": list(array.shape)}


def _array(tensor: _Tensor, blob: bytes | None) -> Array:
    dtype = _DTYPES.get(tensor.datatype)
    if dtype is None:
        raise InferenceFailed(f"the model server answers with {tensor.datatype}; numbers are wanted")
    try:
        flat = np.array(tensor.data, dtype=dtype) if blob is None else np.frombuffer(blob, dtype=dtype)
    except (TypeError, ValueError) as error:
        raise InferenceFailed("the model server's tensor is not made of numbers") from error
    if any(size < 0 for size in tensor.shape) or flat.size != math.prod(tensor.shape):
        raise InferenceFailed("the model server's tensor holds another number of values than its shape says")
    return flat.reshape(tensor.shape)
