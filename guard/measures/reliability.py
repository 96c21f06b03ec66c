"""Does a score of 0.8 mean four in five? Bins of equal mass, and the mean gap between score and rate."""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
from numpy.typing import ArrayLike

BINS: Final = 15


class Bin(msgspec.Struct, frozen=True, kw_only=True):
    """Rows with neighbouring scores: how many, their mean score, and the share that is positive."""

    rows: int
    score: float
    rate: float


class Reliability(msgspec.Struct, frozen=True, kw_only=True):
    """The expected calibration error (0..1, None without rows) and the bins it was measured in."""

    ece: float | None
    bins: tuple[Bin, ...]


def reliability(labels: ArrayLike, scores: ArrayLike, *, bins: int = BINS) -> Reliability:
    """The calibration of scores over at most `bins` groups of as many rows each, in order of score."""
    truth, score = np.asarray(labels, dtype=np.bool_), np.asarray(scores, dtype=np.float64)
    if score.size == 0:
        return Reliability(ece=None, bins=())
    # Equal scores are ordered by label, so that the rows' own order changes nothing.
    groups = np.array_split(np.lexsort((truth, score)), min(bins, score.size))
    found = tuple(
        Bin(rows=len(group), score=float(score[group].mean()), rate=float(truth[group].mean())) for group in groups
    )
    gap = sum(one.rows * abs(one.score - one.rate) for one in found)
    return Reliability(ece=gap / score.size, bins=found)
