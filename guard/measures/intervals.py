"""How far a figure would move with other rows of the same kind: bootstrap intervals, all resamples at once."""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from ..metrics import Bools, Floats, Ints, ends_of_ties

RESAMPLES: Final = 1000
CONFIDENCE: Final = 0.95
SEED: Final = 0
_CELLS: Final = 4_000_000
"""Rows times resamples that are drawn at once: bounds the memory to some hundred MB."""


class Interval(msgspec.Struct, frozen=True):
    """Between these two lies the figure in 95 of 100 resamples."""

    low: float
    high: float


class Intervals(msgspec.Struct, frozen=True, kw_only=True):
    """Intervals of three figures, None where a figure is not defined."""

    f1: Interval | None
    auprc: Interval | None
    fpr: Interval | None


class _Figures(msgspec.Struct, frozen=True):
    """One figure a resample; NaN where it is not defined."""

    f1: Floats
    auprc: Floats
    fpr: Floats


def intervals(
    labels: ArrayLike, scores: ArrayLike, *, threshold: float, resamples: int = RESAMPLES, seed: int = SEED
) -> Intervals:
    """Percentile intervals over seeded resamples of the rows, as many as there are and with replacement."""
    truth, score = np.asarray(labels, dtype=np.bool_), np.asarray(scores, dtype=np.float64)
    if score.size == 0:
        return Intervals(f1=None, auprc=None, fpr=None)
    order = np.argsort(-score, kind="stable")
    truth, score = truth[order], score[order]
    generator = np.random.default_rng(seed)
    step = max(1, _CELLS // score.size)
    chunks = [
        _figures(truth, score, _counts(generator, min(step, resamples - start), score.size), threshold=threshold)
        for start in range(0, resamples, step)
    ]
    return Intervals(
        f1=_interval(np.concatenate([chunk.f1 for chunk in chunks])),
        auprc=_interval(np.concatenate([chunk.auprc for chunk in chunks])),
        fpr=_interval(np.concatenate([chunk.fpr for chunk in chunks])),
    )


def _counts(generator: np.random.Generator, resamples: int, rows: int) -> Ints:
    """How often each row was drawn in each resample: [resamples, rows]."""
    drawn = generator.integers(0, rows, size=(resamples, rows))
    drawn += np.arange(resamples)[:, None] * rows
    return np.bincount(drawn.ravel(), minlength=resamples * rows).reshape(resamples, rows)


def _figures(truth: Bools, score: Floats, counts: Ints, *, threshold: float) -> _Figures:
    ends = ends_of_ties(score)
    hits = np.cumsum(counts * truth, axis=1)[:, ends]
    drawn = np.cumsum(counts, axis=1)[:, ends]
    last = int(np.searchsorted(-score[ends], -threshold, side="right")) - 1
    none = np.zeros(len(counts), dtype=np.int64)
    hit, flagged = (hits[:, last], drawn[:, last]) if last >= 0 else (none, none)
    positives, rows = hits[:, -1], drawn[:, -1]
    # A resample without positives or negatives leaves a figure undefined: NaN, which the interval passes over.
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.where(drawn > 0, hits / drawn, 0.0)
        gained = np.diff(hits, axis=1, prepend=0) / positives[:, None]
        return _Figures(
            f1=2 * hit / (flagged + positives),
            auprc=np.where(positives > 0, np.sum(gained * precision, axis=1), np.nan),
            fpr=(flagged - hit) / (rows - positives),
        )


def _interval(figures: Floats) -> Interval | None:
    known = figures[np.isfinite(figures)]
    if known.size == 0:
        return None
    low, high = np.quantile(known, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Interval(float(low), float(high))
