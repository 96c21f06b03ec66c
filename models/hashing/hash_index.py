"""Hashes of 256 bits within a distance of a query, among a million, in a fraction of a millisecond.

Multi-index hashing (Norouzi, Punjani, Fleet 2012): in sixteen bands of sixteen bits, two hashes that differ in at most
31 bits differ in at most one bit of some band.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from .pdq import BITS, Words, distance

BANDS: Final = 16
_WIDTH: Final = BITS // BANDS
_FURTHEST: Final = 2 * BANDS - 1
_FLIPS: Final = np.array([0, *(1 << bit for bit in range(_WIDTH))], dtype=np.uint16)


class Near(msgspec.Struct, frozen=True):
    """A hash of the index by its row, and in how many bits it differs from the query."""

    row: int
    distance: int


class HashIndex:
    """Hashes [rows, 4], read alone after it was made: safe to share. About 100 bytes a hash."""

    def __init__(self, words: Words) -> None:
        self.words = np.ascontiguousarray(words, dtype=np.uint64).reshape(-1, 4)
        bands = _bands(self.words)
        self._rows = np.empty(bands.shape, dtype=np.uint32)
        self._starts = np.empty((BANDS, (1 << _WIDTH) + 1), dtype=np.uint32)
        for band, keys in enumerate(bands):
            self._rows[band] = np.argsort(keys, kind="stable")
            counts = np.bincount(keys, minlength=1 << _WIDTH)
            self._starts[band] = np.concatenate([[0], np.cumsum(counts)])

    def __len__(self) -> int:
        return len(self.words)

    def within(self, query: Words, *, furthest: int) -> Sequence[Near]:
        """The hashes that differ from the query [4] in at most `furthest` bits (31 or less), nearest first."""
        if not 0 <= furthest <= _FURTHEST:
            raise ValueError(f"furthest goes from 0 to {_FURTHEST}")
        if not len(self.words):
            return ()
        rows = self._candidates(query)
        apart = distance(self.words[rows], query)
        near = apart <= furthest
        found = dict(zip(rows[near].tolist(), apart[near].tolist(), strict=True))
        return tuple(Near(row, bits) for row, bits in sorted(found.items(), key=lambda item: (item[1], item[0])))

    def _candidates(self, query: Words) -> npt.NDArray[np.uint32]:
        keys = _bands(query.reshape(1, 4)) ^ _FLIPS
        bands = np.arange(BANDS)[:, np.newaxis]
        starts = self._starts[bands, keys].ravel().astype(np.int64)
        lengths = self._starts[bands, keys.astype(np.int64) + 1].ravel().astype(np.int64) - starts
        base = np.repeat(np.arange(BANDS) * len(self.words), len(_FLIPS)) + starts
        ends = np.cumsum(lengths)
        places = np.repeat(base - (ends - lengths), lengths) + np.arange(int(ends[-1]))
        return self._rows.reshape(-1)[places]


def _bands(words: Words) -> npt.NDArray[np.uint16]:
    """[bands, rows]: each hash in pieces of sixteen bits."""
    return np.ascontiguousarray(words.view(np.uint16).reshape(len(words), BANDS).T)
