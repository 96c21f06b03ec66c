"""Measures of a binary classifier from labels and scores, in numpy; None where a measure is not defined.

Ties are handled as scikit-learn does: rows with equal scores enter a curve together.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]


class Metrics(msgspec.Struct, frozen=True, kw_only=True):
    """Quality of one set of rows: at one threshold (f1, precision, recall, fpr) and over all of them (the rest).

    Everything but the counts is in 0..1; `recall_at_fpr_1` is the recall where one safe row in a hundred is flagged.
    """

    positives: int
    negatives: int
    false_alarms: int
    misses: int
    f1: float | None
    precision: float | None
    recall: float | None
    fpr: float | None
    auprc: float | None
    auroc: float | None
    recall_at_fpr_1: float | None
    recall_at_fpr_5: float | None


class Curve(msgspec.Struct, frozen=True):
    """Hits and false alarms when everything from each distinct score upwards is flagged, strictest first."""

    scores: Floats
    hits: Ints
    alarms: Ints


def measure(labels: ArrayLike, scores: ArrayLike, *, threshold: float) -> Metrics:
    """The metrics of scores (a row is flagged from `threshold` upwards) against labels (truthy: positive)."""
    truth = np.asarray(labels, dtype=np.bool_)
    score = np.asarray(scores, dtype=np.float64)
    flagged = score >= threshold
    hits = int(np.sum(flagged & truth))
    alarms = int(np.sum(flagged & ~truth))
    positives, negatives = int(truth.sum()), int((~truth).sum())
    drawn = curve(truth, score)
    return Metrics(
        positives=positives,
        negatives=negatives,
        false_alarms=alarms,
        misses=positives - hits,
        f1=ratio(2 * hits, hits + alarms + positives),
        precision=ratio(hits, hits + alarms),
        recall=ratio(hits, positives),
        fpr=ratio(alarms, negatives),
        auprc=_average_precision(drawn),
        auroc=_area(drawn),
        recall_at_fpr_1=_recall_at(drawn, 0.01),
        recall_at_fpr_5=_recall_at(drawn, 0.05),
    )


def curve(labels: ArrayLike, scores: ArrayLike) -> Curve:
    """Hits and false alarms at every distinct score, highest first; empty without rows."""
    truth, score = np.asarray(labels, dtype=np.bool_), np.asarray(scores, dtype=np.float64)
    order = np.argsort(-score, kind="stable")
    ranked, hit = score[order], truth[order]
    ends = ends_of_ties(ranked)
    return Curve(scores=ranked[ends], hits=_running(hit)[ends], alarms=_running(~hit)[ends])


def ends_of_ties(ranked: Floats) -> NDArray[np.intp]:
    """The last index of each run of equal values in an ordered array."""
    return np.append(np.flatnonzero(np.diff(ranked)), ranked.size - 1) if ranked.size else np.empty(0, dtype=np.intp)


def _running(flags: Bools) -> Ints:
    return np.cumsum(flags, dtype=np.int64)


def ratio(part: float, whole: float) -> float | None:
    """A share, or None of nothing."""
    return part / whole if whole else None


def _average_precision(drawn: Curve) -> float | None:
    if drawn.hits.size == 0 or drawn.hits[-1] == 0:
        return None
    precision = drawn.hits / (drawn.hits + drawn.alarms)
    gained = np.diff(drawn.hits, prepend=0) / drawn.hits[-1]
    return float(np.sum(gained * precision))


def _area(drawn: Curve) -> float | None:
    if drawn.hits.size == 0 or drawn.hits[-1] == 0 or drawn.alarms[-1] == 0:
        return None
    x = np.concatenate(([0.0], drawn.alarms / drawn.alarms[-1]))
    y = np.concatenate(([0.0], drawn.hits / drawn.hits[-1]))
    return float(np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2))


def _recall_at(drawn: Curve, rate: float) -> float | None:
    if drawn.hits.size == 0 or drawn.hits[-1] == 0 or drawn.alarms[-1] == 0:
        return None
    reachable = drawn.hits[drawn.alarms <= rate * drawn.alarms[-1]]
    return float(reachable[-1] / drawn.hits[-1]) if reachable.size else 0.0
