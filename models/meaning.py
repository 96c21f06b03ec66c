"""What a text is about, as numbers: the mean of the embedded text model's last layer, read beside its scores.

The graph computes it anyway; asked for as a second output it costs nothing more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from .assessment import Assessed, Assessment
from .classifier import Classifier, members_of
from .content import Part

TENSOR: Final = "mean"
"""The node of the shipped graph that holds it: [rows, width]."""

Vectors = npt.NDArray[np.float32]

_WIDTH_BYTES: Final = 2
_TELLER_BYTES: Final = 8
_HEAD_BYTES: Final = _WIDTH_BYTES + _TELLER_BYTES
_HALF: Final = 2
_GRAPH, _OUTPUT, _NAME = 7, 12, 1
_DELIMITED: Final = 2


def with_output(model: bytes, name: str) -> bytes:
    """An ONNX model that also answers with an inner tensor.

    Messages of Protocol Buffers that follow one another are merged, and what is repeated in them is joined: so an
    output is added behind the model without reading it (protobuf.dev/programming-guides/encoding, "Last one wins").
    """
    inner = _field(_NAME, name.encode())
    return model + _field(_GRAPH, _field(_OUTPUT, inner))


def packed(vectors: Vectors, *, by: str) -> bytes:
    """The vectors [rows, width] as bytes: the width in two bytes, who told them, rows of length one in half precision.

    `by` is the digest of the model that told them: to another's they cannot be likened.
    """
    rows = unit(vectors)
    width: int = rows.shape[1]
    return width.to_bytes(_WIDTH_BYTES, "little") + _teller(by) + rows.astype("<f2").tobytes()


def teller(data: bytes) -> bytes:
    """Who told what is packed, in a few bytes; none where there is nothing."""
    return data[_WIDTH_BYTES:_HEAD_BYTES]


def unpacked(data: bytes) -> Vectors:
    """The vectors [rows, width] of `packed`; none where there are no bytes."""
    width = int.from_bytes(data[:_WIDTH_BYTES], "little")
    if not width:
        return np.zeros((0, 0), dtype=np.float32)
    return np.frombuffer(data[_HEAD_BYTES:], dtype="<f2").reshape(-1, width).astype(np.float32)


def fits(data: bytes, width: int, *, by: bytes) -> bool:
    """Whether `unpacked` gives vectors of this width, one at least, told by this `teller`."""
    rows = len(data) - _HEAD_BYTES
    told = int.from_bytes(data[:_WIDTH_BYTES], "little")
    return told == width and rows > 0 and rows % (_HALF * width) == 0 and teller(data) == by


def unit(vectors: Vectors) -> Vectors:
    """Rows of length one; a row of zeros stays."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12), dtype=np.float32)


def reads_meaning(classifier: Classifier) -> bool:
    """Whether its assessments of texts hold what they are about; asked to from now on where it can."""
    found = False
    for one in (classifier, *members_of(classifier)):
        read = getattr(one, "read_meaning", None)
        found = (read is not None and bool(read())) or found
    return found


def meanings(classifier: Classifier, parts: Sequence[Part]) -> list[bytes]:
    """What each part is about, packed; empty where it was not told."""
    return [meaning_of(one) for one in classifier.assess(parts)]


def meaning_of(assessment: Assessment) -> bytes:
    """What the part is about, packed; empty where it was not told."""
    return assessment.meaning if isinstance(assessment, Assessed) else b""


@lru_cache(maxsize=64)
def _teller(digest: str) -> bytes:
    return hashlib.blake2b(digest.encode(), digest_size=_TELLER_BYTES).digest()


def _field(number: int, payload: bytes) -> bytes:
    return _varint(number << 3 | _DELIMITED) + _varint(len(payload)) + payload


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])
