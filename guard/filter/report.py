"""The counts of a run: what went where and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from ...policies.verdict import Verdict
from .sort import BINS, Bin, found_in

BARS: Final = 20
"""Bars of the score histogram over 0..1."""
MOST_NAMES: Final = 200
"""Sources or languages that are counted by name; the rest are counted as `other`."""
MOST_EXAMPLES: Final = 12
"""Examples that a report shows of one bin."""


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """One row to look at: where it stands, why it is there, and the start of its text."""

    file: str
    number: int
    reason: str
    text: str


class Counts(msgspec.Struct, kw_only=True):
    """What was counted so far; `categories` maps a slug and a severity to the rows in which it was found.

    `by` maps `source` and `lang` to a value to the rows of each bin; `scores` counts `unsafe` in BARS steps for each
    bin; `left_out` are rows that --where did not want; `repeated` were not judged because their like had been.
    `waiting` are rows among the errors whose upstream failed in a way that may pass.
    """

    rows: int = 0
    blank: int = 0
    left_out: int = 0
    repeated: int = 0
    waiting: int = 0
    bins: dict[str, int] = msgspec.field(default_factory=lambda: dict.fromkeys(BINS, 0))
    actions: dict[str, int] = {}
    categories: dict[str, dict[str, int]] = {}
    unjudged: dict[str, int] = {}
    scores: dict[str, list[int]] = {}
    by: dict[str, dict[str, dict[str, int]]] = {}
    examples: dict[str, list[Example]] = {}

    def note(self, verdict: Verdict, bin: Bin, *, times: int = 1) -> None:
        """Count rows with this verdict."""
        self.rows += times
        _count(self.bins, bin, times)
        _count(self.actions, verdict.action.value, times)
        for category, severity in found_in(verdict.findings):
            _count(self.categories.setdefault(category, {}), severity, times)
        for reason in {missed.reason for missed in verdict.unjudged}:
            _count(self.unjudged, reason, times)

    def note_error(self) -> None:
        """Count one row that could not be read."""
        self.rows += 1
        self.bins["errors"] += 1

    def note_score(self, bin: Bin, unsafe: float | None) -> None:
        """Count a row's score, where it has one."""
        if unsafe is not None:
            self.scores.setdefault(bin, [0] * BARS)[min(BARS - 1, int(unsafe * BARS))] += 1

    def note_by(self, name: str, value: object, bin: Bin) -> None:
        """Count a row under its source or language."""
        if isinstance(value, str) and value:
            values = self.by.setdefault(name, {})
            _count(values.setdefault(value if value in values or len(values) < MOST_NAMES else "other", {}), bin)

    def note_example(self, bin: Bin, example: Example) -> None:
        """Keep a row to show, while there is room."""
        own = self.examples.setdefault(bin, [])
        if len(own) < MOST_EXAMPLES:
            own.append(example)


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What a run was made with: a folder holds the rows of one such run only.

    `upstream` is the URL and model that made answers again.
    """

    inputs: tuple[str, ...]
    sizes: tuple[int, ...]
    columns: dict[str, str]
    policy: str
    policy_hash: str
    mode: str
    models: tuple[str, ...]
    options: dict[str, str] = {}
    upstream: str = ""


class FilterReport(msgspec.Struct, frozen=True, kw_only=True):
    """report.json: where rows went, in numbers and as shares of all, and what judged them how fast.

    `seconds` and `rows_per_second` are of the last start only; `complete` is False where the run ended before the
    input did, or rows wait for their upstream: `waiting` of the errors. `scores` are counts of `unsafe` in 20 steps
    over 0..1.
    """

    rows: int
    kept: int
    dropped: int
    review: int
    errors: int
    blank: int
    left_out: int
    repeated: int
    shares: dict[str, float]
    actions: dict[str, int]
    categories: dict[str, dict[str, int]]
    unjudged: dict[str, int]
    scores: dict[str, list[int]]
    by: dict[str, dict[str, dict[str, int]]]
    run: Run
    complete: bool
    seconds: float
    rows_per_second: float
    regenerated: int = 0
    waiting: int = 0


def add(into: Counts, more: Counts) -> None:
    """Adds the counts of a shard."""
    into.rows += more.rows
    into.blank += more.blank
    into.left_out += more.left_out
    into.repeated += more.repeated
    into.waiting += more.waiting
    for mine, its in ((into.bins, more.bins), (into.actions, more.actions), (into.unjudged, more.unjudged)):
        _merge(mine, its)
    for slug, severities in more.categories.items():
        _merge(into.categories.setdefault(slug, {}), severities)
    for bin, bars in more.scores.items():
        own = into.scores.get(bin, [0] * BARS)
        into.scores[bin] = [one + two for one, two in zip(own, bars, strict=True)]
    for name, values in more.by.items():
        held = into.by.setdefault(name, {})
        for value, bins in values.items():
            _merge(held.setdefault(value if value in held or len(held) < MOST_NAMES else "other", {}), bins)
    for bin, examples in more.examples.items():
        into.examples[bin] = (into.examples.get(bin, []) + examples)[:MOST_EXAMPLES]


def total(counts: Iterable[Counts]) -> Counts:
    """All counts together."""
    whole = Counts()
    for one in counts:
        add(whole, one)
    return whole


def report(counts: Counts, run: Run, *, complete: bool, seconds: float, judged: int) -> FilterReport:
    """The report of these counts; `judged` rows took `seconds`."""
    shares = {bin: round(number / counts.rows, 6) if counts.rows else 0.0 for bin, number in counts.bins.items()}
    bins: dict[str, Any] = counts.bins
    return FilterReport(
        rows=counts.rows,
        **bins,
        blank=counts.blank,
        left_out=counts.left_out,
        repeated=counts.repeated,
        waiting=counts.waiting,
        shares=shares,
        actions=_sorted(counts.actions),
        categories={slug: _sorted(found) for slug, found in sorted(counts.categories.items())},
        unjudged=_sorted(counts.unjudged),
        scores=dict(sorted(counts.scores.items())),
        by={
            name: {value: _sorted(bins) for value, bins in sorted(own.items())}
            for name, own in sorted(counts.by.items())
        },
        run=run,
        complete=complete,
        seconds=round(seconds, 3),
        rows_per_second=round(judged / seconds, 1) if seconds > 0 else 0.0,
    )


def _sorted(counter: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counter.items()))


def _merge(counter: dict[str, int], more: Mapping[str, int]) -> None:
    for key, number in more.items():
        _count(counter, key, number)


def _count(counter: dict[str, int], key: str, times: int = 1) -> None:
    counter[key] = counter.get(key, 0) + times
