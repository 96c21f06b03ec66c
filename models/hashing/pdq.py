"""PDQ hashes of a picture (ThreatExchange): 256 bits, equal but for a few after scaling and compression.

A 2 % crop, a border or five degrees of rotation change too many bits for the stock threshold; of these, uniform borders
are trimmed here, and turned and mirrored copies are found by the eight dihedral variants.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from ..errors import ModelUnavailable
from ..vision.decode import Pixels
from .entry import THRESHOLD

__all__ = [
    "BITS", "QUALITY", "THRESHOLD", "Hashed", "Words", "distance", "hashed", "hex_of", "packed", "trimmed", "variants",
    "words_of",
]  # fmt: skip

BITS: Final = 256
QUALITY: Final = 50
"""Quality 0..100 under which a hash says little: the picture has hardly any structure."""

Words = npt.NDArray[np.uint64]
"""[4] or [rows, 4]: hashes as four 64-bit words."""

_EVEN: Final = 12
"""Levels of brightness within which a border counts as uniform."""
_LEAST: Final = 64
_LARGEST: Final = 1024


class Hashed(msgspec.Struct, frozen=True, kw_only=True):
    """Hashes [variants, 4] of a picture, the upright one first, and its quality 0..100."""

    words: Words
    quality: int


def hashed(frame: Pixels) -> Hashed:
    """The hash of a frame as it is. Raises ModelUnavailable without pdqhash."""
    bits, quality = _pdqhash().compute(_bounded(frame))
    return Hashed(words=packed(np.asarray(bits))[np.newaxis], quality=int(quality))


def variants(frame: Pixels) -> Hashed:
    """The eight dihedral variants of a frame, and of the frame without a uniform border where it has one."""
    library = _pdqhash()
    found, quality = library.compute_dihedral(_bounded(frame))
    words = [packed(np.asarray(bits)) for bits in found]
    inner = trimmed(frame)
    if inner.shape != frame.shape:
        more, other = library.compute_dihedral(_bounded(inner))
        words += [packed(np.asarray(bits)) for bits in more]
        quality = max(quality, other)
    return Hashed(words=np.stack(words), quality=int(quality))


def packed(bits: npt.NDArray[Any]) -> Words:
    """Bits [..., 256], the most significant first, as words."""
    return np.packbits(bits.astype(np.uint8), axis=-1).view(">u8").astype(np.uint64)


def words_of(text: str) -> Words:
    """A hash of 64 hex digits as words; ValueError where it is none."""
    data = bytes.fromhex(text)
    if len(data) * 8 != BITS:
        raise ValueError("a PDQ hash has 64 hex digits")
    return np.frombuffer(data, dtype=">u8").astype(np.uint64)


def hex_of(words: Words) -> str:
    """The hash in 64 hex digits."""
    return words.astype(">u8").tobytes().hex()


def distance(one: Words, other: Words) -> npt.NDArray[np.int64]:
    """Differing bits, row by row where one of them has rows."""
    return np.asarray(np.bitwise_count(one ^ other).sum(axis=-1, dtype=np.int64))


def trimmed(frame: Pixels) -> Pixels:
    """The frame without the uniform margins around it; the frame itself where little would be left."""
    grey = frame.mean(axis=2)
    rows = np.flatnonzero(np.ptp(grey, axis=1) > _EVEN)
    if not len(rows):
        return frame
    columns = np.flatnonzero(np.ptp(grey[rows[0] : rows[-1] + 1], axis=0) > _EVEN)
    if not len(columns) or min(rows[-1] - rows[0], columns[-1] - columns[0]) < _LEAST:
        return frame
    return frame[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _bounded(frame: Pixels) -> Pixels:
    # PDQ works on 64 by 64 averages: more pixels cost time and change next to nothing.
    if max(frame.shape[:2]) <= _LARGEST:
        return np.ascontiguousarray(frame)
    from PIL import Image

    scale = _LARGEST / max(frame.shape[:2])
    size = (max(1, round(frame.shape[1] * scale)), max(1, round(frame.shape[0] * scale)))
    return np.asarray(Image.fromarray(frame).resize(size, reducing_gap=2.0))


def _pdqhash() -> Any:
    try:
        import pdqhash
    except ImportError as error:
        raise ModelUnavailable("known pictures need pdqhash: pip install 'headgate[vision]'") from error
    return pdqhash
