"""Measures of an ordinal grade 0..3 (none, minor, moderate, severe) against people's grades."""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from ..metrics import Floats, ratio

LEVELS: Final = 4
_SEVERE: Final = 3
_MINOR: Final = 1


class Grades(msgspec.Struct, frozen=True, kw_only=True):
    """How well rows were graded; each measure is None where it is not defined.

    `confusion[truth][found]` counts rows; `severe_to_minor` is the share of severe rows graded minor or none.
    """

    rows: int
    qwk: float | None
    macro_f1: float | None
    severe_recall: float | None
    severe_to_minor: float | None
    confusion: tuple[tuple[int, ...], ...]


def grades(truth: ArrayLike, found: ArrayLike) -> Grades:
    """The measures of the levels found against the true ones, both 0..3."""
    counts = _confusion(truth, found, levels=LEVELS)
    severe = counts[_SEVERE]
    return Grades(
        rows=int(counts.sum()),
        qwk=_kappa(counts),
        macro_f1=_macro_f1(counts),
        severe_recall=ratio(float(severe[_SEVERE]), float(severe.sum())),
        severe_to_minor=ratio(float(severe[: _MINOR + 1].sum()), float(severe.sum())),
        confusion=tuple(tuple(int(count) for count in row) for row in counts),
    )


def quadratic_kappa(truth: ArrayLike, found: ArrayLike, *, levels: int) -> float | None:
    """Cohen's kappa with quadratic weights over ordinal levels 0..levels-1; None where one level alone occurs."""
    return _kappa(_confusion(truth, found, levels=levels))


def _confusion(truth: ArrayLike, found: ArrayLike, *, levels: int) -> Floats:
    counts: Floats = np.zeros((levels, levels))
    np.add.at(counts, (np.asarray(truth, dtype=np.intp), np.asarray(found, dtype=np.intp)), 1.0)
    return counts


def _kappa(counts: Floats) -> float | None:
    if counts.sum() == 0:
        return None
    expected = np.outer(counts.sum(1), counts.sum(0)) / counts.sum()
    levels = np.arange(len(counts))
    weights = np.subtract.outer(levels, levels) ** 2
    disagreement = float((weights * expected).sum())
    return None if disagreement == 0 else 1.0 - float((weights * counts).sum()) / disagreement


def _macro_f1(counts: Floats) -> float | None:
    # As scikit-learn does: the mean over levels that occur in truth or answer.
    seen = counts.sum(0) + counts.sum(1)
    present = seen > 0
    return float(np.mean(2 * np.diag(counts)[present] / seen[present])) if present.any() else None
