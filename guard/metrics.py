"""Measures of a binary classifier from labels and scores, in numpy; None where a measure is not defined.

Ties are handled as scikit-learn does: rows with equal scores enter a curve together.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]


class Metrics(msgspec.Struct, frozen=True, kw_only=True):
    """Quality of one set of rows: at one threshold (f1, precision, recall, fpr) and over all of them (the rest).

    Everything is in 0..1; `recall_at_fpr_1` is the recall where one safe row in a hundred is flagged.
    """

    positives: int
    negatives: int
    f1: float | None
    precision: float | None
    recall: float | None
    fpr: float | None
    auprc: float | None
    auroc: float | None
    recall_at_fpr_1: float | None
    recall_at_fpr_5: float | None


def measure(labels: ArrayLike, scores: ArrayLike, *, threshold: float) -> Metrics:
    """The metrics of scores (a row is flagged from `threshold` upwards) against labels (truthy: positive)."""
    truth = np.asarray(labels, dtype=np.bool_)
    score = np.asarray(scores, dtype=np.float64)
    flagged = score >= threshold
    hits = int(np.sum(flagged & truth))
    alarms = int(np.sum(flagged & ~truth))
    positives, negatives = int(truth.sum()), int((~truth).sum())
    curve = _curve(truth, score)
    return Metrics(
        positives=positives,
        negatives=negatives,
        f1=_ratio(2 * hits, hits + alarms + positives),
        precision=_ratio(hits, hits + alarms),
        recall=_ratio(hits, positives),
        fpr=_ratio(alarms, negatives),
        auprc=_average_precision(curve),
        auroc=_area(curve),
        recall_at_fpr_1=_recall_at(curve, 0.01),
        recall_at_fpr_5=_recall_at(curve, 0.05),
    )


def quadratic_kappa(truth: ArrayLike, found: ArrayLike, *, levels: int) -> float | None:
    """Cohen's kappa with quadratic weights over ordinal levels 0..levels-1; None where one level alone occurs."""
    rows, columns = np.asarray(truth, dtype=np.intp), np.asarray(found, dtype=np.intp)
    if rows.size == 0:
        return None
    confusion: Floats = np.zeros((levels, levels))
    np.add.at(confusion, (rows, columns), 1.0)
    expected = np.outer(confusion.sum(1), confusion.sum(0)) / confusion.sum()
    weights = np.subtract.outer(np.arange(levels), np.arange(levels)) ** 2
    disagreement = float((weights * expected).sum())
    return None if disagreement == 0 else 1.0 - float((weights * confusion).sum()) / disagreement


class _Curve(msgspec.Struct):
    """Hits and false alarms when everything from each distinct score upwards is flagged, strictest first."""

    hits: Any
    alarms: Any


def _curve(truth: Bools, score: Floats) -> _Curve:
    order = np.argsort(-score, kind="stable")
    ranked, hit = score[order], truth[order]
    ends = np.append(np.flatnonzero(np.diff(ranked)), ranked.size - 1) if ranked.size else np.empty(0, dtype=np.intp)
    return _Curve(hits=np.cumsum(hit)[ends], alarms=np.cumsum(~hit)[ends])


def _average_precision(curve: _Curve) -> float | None:
    if curve.hits.size == 0 or curve.hits[-1] == 0:
        return None
    precision = curve.hits / (curve.hits + curve.alarms)
    gained = np.diff(curve.hits, prepend=0) / curve.hits[-1]
    return float(np.sum(gained * precision))


def _area(curve: _Curve) -> float | None:
    if curve.hits.size == 0 or curve.hits[-1] == 0 or curve.alarms[-1] == 0:
        return None
    x = np.concatenate(([0.0], curve.alarms / curve.alarms[-1]))
    y = np.concatenate(([0.0], curve.hits / curve.hits[-1]))
    return float(np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2))


def _recall_at(curve: _Curve, rate: float) -> float | None:
    if curve.hits.size == 0 or curve.hits[-1] == 0 or curve.alarms[-1] == 0:
        return None
    reachable = curve.hits[curve.alarms <= rate * curve.alarms[-1]]
    return float(reachable[-1] / curve.hits[-1]) if reachable.size else 0.0


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
