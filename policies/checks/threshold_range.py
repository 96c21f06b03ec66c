"""A threshold or false-alarm rate that is no probability."""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostics import Diagnostic, error
from ..tree import Fields, Source, entries, get, number


def check(source: Source) -> Iterator[Diagnostic]:
    """Reports thresholds outside 0..1 (0 would flag everything) and rates that are not between 0 and 1."""
    for item in entries(get(source.root, "thresholds")):
        at, fpr = number(item.value), number(get(item.value, "fpr"))
        rate = get(item.value, "fpr")
        if isinstance(item.value, Fields) and not item.value.entries:
            message = f"thresholds.{item.key} says nothing"
            yield error(item.value.mark, "bad-threshold", message, hint="a probability such as 0.6, or {fpr: 0.01}")
        most = get(item.value, "most")
        if most is not None and (top := number(most)) is not None and not 0 < top <= 1:
            yield error(most.mark, "bad-threshold", f"the most of {item.key!r} is {top:g}, and must be in 0..1")
        if at is not None and not 0 < at <= 1:
            message = f"the threshold of {item.key!r} is {at:g}, and must be over 0 and at most 1"
            yield error(item.value.mark, "bad-threshold", message, hint="a probability such as 0.6, or {fpr: 0.01}")
        if fpr is not None and rate is not None and not 0 < fpr < 1:
            message = f"the fpr of {item.key!r} is {fpr:g}, and must be over 0 and under 1"
            yield error(rate.mark, "bad-threshold", message, hint="0.01 flags one harmless text in a hundred")
