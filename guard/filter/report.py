"""The counts of a run: what went where and why."""

from __future__ import annotations

from typing import Any

import msgspec

from ...policies.verdict import Verdict
from .sort import BINS, Bin, found_in


class Counts(msgspec.Struct, kw_only=True):
    """What was counted so far; `categories` maps a slug and a severity to the rows in which it was found."""

    rows: int = 0
    blank: int = 0
    repeated: int = 0
    bins: dict[str, int] = msgspec.field(default_factory=lambda: dict.fromkeys(BINS, 0))
    actions: dict[str, int] = {}
    categories: dict[str, dict[str, int]] = {}
    unjudged: dict[str, int] = {}

    def note(self, verdict: Verdict, bin: Bin) -> None:
        """Count one judged row."""
        self.rows += 1
        self.bins[bin] += 1
        _count(self.actions, verdict.action.value)
        for category, severity in found_in(verdict.findings):
            _count(self.categories.setdefault(category, {}), severity)
        for reason in {missed.reason for missed in verdict.unjudged}:
            _count(self.unjudged, reason)

    def note_error(self) -> None:
        """Count one row that could not be read."""
        self.rows += 1
        self.bins["errors"] += 1


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What a run was made with: a folder holds the rows of one such run only."""

    inputs: tuple[str, ...]
    sizes: tuple[int, ...]
    columns: dict[str, str]
    policy: str
    policy_hash: str
    mode: str
    models: tuple[str, ...]


class FilterReport(msgspec.Struct, frozen=True, kw_only=True):
    """report.json: where rows went, in numbers and as shares of all, and what judged them how fast.

    `seconds` and `rows_per_second` are of the last start only; `complete` is False where `--limit` ended the run.
    """

    rows: int
    kept: int
    dropped: int
    review: int
    errors: int
    blank: int
    repeated: int
    shares: dict[str, float]
    actions: dict[str, int]
    categories: dict[str, dict[str, int]]
    unjudged: dict[str, int]
    run: Run
    complete: bool
    seconds: float
    rows_per_second: float


def report(counts: Counts, run: Run, *, complete: bool, seconds: float, judged: int) -> FilterReport:
    """The report of these counts; `judged` rows took `seconds`."""
    shares = {bin: round(number / counts.rows, 6) if counts.rows else 0.0 for bin, number in counts.bins.items()}
    bins: dict[str, Any] = counts.bins
    return FilterReport(
        rows=counts.rows,
        **bins,
        blank=counts.blank,
        repeated=counts.repeated,
        shares=shares,
        actions=dict(sorted(counts.actions.items())),
        categories={slug: dict(sorted(found.items())) for slug, found in sorted(counts.categories.items())},
        unjudged=dict(sorted(counts.unjudged.items())),
        run=run,
        complete=complete,
        seconds=round(seconds, 3),
        rows_per_second=round(judged / seconds, 1) if seconds > 0 else 0.0,
    )


def _count(counter: dict[str, int], key: str) -> None:
    counter[key] = counter.get(key, 0) + 1
