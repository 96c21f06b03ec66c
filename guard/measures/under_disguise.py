"""What a disguise costs: the same rows measured as written and obfuscated, all together and way by way."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ..metrics import Metrics, measure


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """One row's label and its two scores, and the way it was disguised."""

    way: str
    positive: bool
    plain: float
    disguised: float


class WayResult(msgspec.Struct, frozen=True, kw_only=True):
    """One way of disguise over the rows that it fell to: recall and false alarms before and after."""

    way: str
    rows: int
    plain_recall: float | None
    recall: float | None
    plain_fpr: float | None
    fpr: float | None


class UnderDisguise(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of the disguised rows, and how far F1 and recall fell and false alarms rose (in 0..1)."""

    rows: int
    seed: int
    f1: float | None
    precision: float | None
    recall: float | None
    fpr: float | None
    auprc: float | None
    f1_drop: float | None
    recall_drop: float | None
    fpr_rise: float | None
    ways: tuple[WayResult, ...]


def under_disguise(pairs: Sequence[Pair], *, threshold: float, seed: int) -> UnderDisguise:
    """Both measurements at one threshold, beside each other; `seed` is the disguises' and only passed on."""
    before, after = _before(pairs, threshold), _after(pairs, threshold)
    return UnderDisguise(
        rows=len(pairs),
        seed=seed,
        f1=after.f1,
        precision=after.precision,
        recall=after.recall,
        fpr=after.fpr,
        auprc=after.auprc,
        f1_drop=_less(before.f1, after.f1),
        recall_drop=_less(before.recall, after.recall),
        fpr_rise=_less(after.fpr, before.fpr),
        ways=tuple(_way(way, pairs, threshold) for way in sorted({pair.way for pair in pairs})),
    )


def _way(way: str, pairs: Sequence[Pair], threshold: float) -> WayResult:
    mine = [pair for pair in pairs if pair.way == way]
    before, after = _before(mine, threshold), _after(mine, threshold)
    return WayResult(
        way=way,
        rows=len(mine),
        plain_recall=before.recall,
        recall=after.recall,
        plain_fpr=before.fpr,
        fpr=after.fpr,
    )


def _before(pairs: Sequence[Pair], threshold: float) -> Metrics:
    return measure([pair.positive for pair in pairs], [pair.plain for pair in pairs], threshold=threshold)


def _after(pairs: Sequence[Pair], threshold: float) -> Metrics:
    return measure([pair.positive for pair in pairs], [pair.disguised for pair in pairs], threshold=threshold)


def _less(high: float | None, low: float | None) -> float | None:
    return None if high is None or low is None else high - low
