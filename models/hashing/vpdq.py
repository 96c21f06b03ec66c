"""vPDQ: a video as the PDQ hashes of its frames, matched by the share of frames that have a like in the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from .hash_index import HashIndex
from .pdq import QUALITY, THRESHOLD, Words

SHARE: Final = 0.8
"""The share of frames, 0..1, from which on two videos count as one (ThreatExchange's default)."""
_ALIKE: Final = 2
"""Bits within which a frame repeats the one before, and says nothing new."""


class FrameHash(msgspec.Struct, frozen=True, kw_only=True):
    """A frame's hash [4] with its quality 0..100 and its time in seconds."""

    words: Words
    quality: int
    time: float


class Overlap(msgspec.Struct, frozen=True, kw_only=True):
    """The shares of frames, 0..1, that the query and the known video have of each other, and when the query's lie."""

    query: float
    known: float
    times: tuple[float, ...] = ()

    @property
    def matches(self) -> bool:
        """Whether either holds most of the other: a known clip within a longer video is found too."""
        return max(self.query, self.known) >= SHARE


def telling(frames: Sequence[FrameHash]) -> list[FrameHash]:
    """The frames whose hash says something, repetitions left out."""
    kept: list[FrameHash] = []
    for frame in frames:
        if frame.quality < QUALITY:
            continue
        if kept and int(np.bitwise_count(kept[-1].words ^ frame.words).sum()) <= _ALIKE:
            continue
        kept.append(frame)
    return kept


def overlap(query: Sequence[FrameHash], known: HashIndex, *, furthest: int = THRESHOLD) -> Overlap:
    """How much of a video [frames] and of a known one's hashes are the same."""
    frames = telling(query)
    if not frames or not len(known):
        return Overlap(query=0.0, known=0.0)
    hits = [known.within(frame.words, furthest=furthest) for frame in frames]
    rows = {near.row for hit in hits for near in hit}
    times = tuple(frame.time for frame, hit in zip(frames, hits, strict=True) if hit)
    return Overlap(query=len(times) / len(frames), known=len(rows) / len(known), times=times)
