"""How good is a classifier on labelled rows, at one threshold and over all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Final

import msgspec

from ..models.assessment import Assessed, Assessment
from ..models.content import Part
from ..models.errors import InputError
from .bulk import Judges, Progress, judged
from .files import read_rows, stem
from .metrics import Metrics, measure, quadratic_kappa
from .rows import Columns, exchange, labelled_part, matches

_POSITIVE: Final = {"safe": False, "unsafe": True, "attack": True, "0": False, "1": True}
_LEFT_OUT: Final = {"sensitive": "sensitive", "-1": "undecided", "none": "unlabelled"}


class Sample(msgspec.Struct, frozen=True):
    """One labelled row: what is judged, whether it should be flagged, and its severity where somebody graded it."""

    part: Part
    positive: bool
    severity: int | None = None


class Sampled(msgspec.Struct, frozen=True):
    """The rows of one file: those with a usable label, and how many others there were of which kind."""

    name: str
    samples: list[Sample]
    left_out: dict[str, int]


class SetResult(Metrics, frozen=True, kw_only=True):
    """One file's metrics. `rows` were measured; `unjudged` were not, nor those of `left_out`."""

    name: str
    rows: int
    threshold: float
    unjudged: int
    left_out: dict[str, int]
    severity_rows: int
    severity_qwk: float | None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Every set's result at the same threshold, and the model that was measured."""

    sets: tuple[SetResult, ...]
    model: str
    threshold: float


def sample(name: str, *, layout: Columns, where: Mapping[str, str] | None = None, limit: int | None = None) -> Sampled:
    """The labelled rows of a file, at most `limit`; InputError names the row that cannot be read."""
    left_out: dict[str, int] = {}
    samples: list[Sample] = []
    rows = (row for row in read_rows(name) if matches(row, where or {}))
    for number, row in enumerate(islice(rows, limit), start=1):
        try:
            label = _label(layout.get(row, "label"))
            if label in _LEFT_OUT:
                left_out[_LEFT_OUT[label]] = left_out.get(_LEFT_OUT[label], 0) + 1
                continue
            part = labelled_part(exchange(row, layout))
            samples.append(Sample(part, _POSITIVE[label], _severity(layout.get(row, "severity"))))
        except InputError as error:
            raise InputError(f"{name}, row {number}: {error}", param=error.param) from error
    return Sampled(stem(name), samples, left_out)


def evaluated(sampled: Sampled, assessments: Sequence[Assessment], *, threshold: float) -> SetResult:
    """The metrics of a set from its rows and their assessments; unjudged rows are counted, not measured."""
    pairs = [
        (row, found) for row, found in zip(sampled.samples, assessments, strict=True) if isinstance(found, Assessed)
    ]
    quality = measure([row.positive for row, _ in pairs], [score(found) for _, found in pairs], threshold=threshold)
    graded = [
        (row.severity, level_of(found.severity)) for row, found in pairs if row.severity is not None and found.severity
    ]
    return SetResult(
        name=sampled.name,
        rows=len(pairs),
        threshold=threshold,
        unjudged=len(assessments) - len(pairs),
        left_out=sampled.left_out,
        severity_rows=len(graded),
        severity_qwk=quadratic_kappa([truth for truth, _ in graded], [level for _, level in graded], levels=4),
        **msgspec.structs.asdict(quality),
    )


def score(assessment: Assessed) -> float:
    """The row's one score: the worse of `unsafe` and `prompt_attack`."""
    return max(assessment.unsafe, assessment.categories.get("prompt_attack") or 0.0)


def level_of(severity: Sequence[float]) -> int:
    """The highest level that is at least as likely as not, from four probabilities."""
    return max((level for level in range(1, 4) if sum(severity[level:]) >= 0.5), default=0)


def evaluate(sets: Iterable[Sampled], judge: Judges, *, model: str, threshold: float, progress: Progress) -> Report:
    """Judges and measures every set at the same threshold."""
    results = []
    for sampled in sets:
        assessments = judged([row.part for row in sampled.samples], judge, progress=progress)
        results.append(evaluated(sampled, assessments, threshold=threshold))
    return Report(sets=tuple(results), model=model, threshold=threshold)


def _label(value: Any) -> str:
    label = str(int(value) if isinstance(value, bool) else value).lower()
    if label not in _POSITIVE and label not in _LEFT_OUT:
        raise InputError(f"label must be safe, unsafe, attack or sensitive (or 0, 1, -1), not {value!r}", param="label")
    return label


def _severity(value: Any) -> int | None:
    if value is None or (isinstance(value, int) and 0 <= value <= 3):
        return value
    raise InputError(f"severity must be 0, 1, 2, 3 or null, not {value!r}", param="severity")
