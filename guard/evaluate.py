"""How good is a classifier on labelled rows, at one threshold and over all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from ..models.assessment import Assessed, Assessment
from ..models.content import Part, Text
from .bulk import Judges, Progress, judged
from .measures.breakdown import CategoryResult, Labelled, breakdown
from .measures.intervals import Interval, intervals
from .measures.reliability import Bin, reliability
from .measures.severity import Grades, grades
from .measures.under_disguise import Pair, UnderDisguise, under_disguise
from .metrics import Metrics, measure
from .obfuscate import obfuscated
from .samples import Sample, Sampled

SEED: Final = 0
"""Of the disguises: the same file is disguised alike in every run."""


class SetResult(Metrics, frozen=True, kw_only=True):
    """One file's metrics. `rows` were measured; `unjudged` were not, nor those of `left_out`.

    Severity speaks of `severity_rows` that people graded; `taxonomy` says how category names were read, None where
    `categories` are the set's own; `obfuscated` is there where it was asked for.
    """

    name: str
    rows: int
    threshold: float
    unjudged: int
    left_out: dict[str, int]
    f1_interval: Interval | None
    auprc_interval: Interval | None
    fpr_interval: Interval | None
    ece: float | None
    reliability: tuple[Bin, ...]
    severity_rows: int
    severity_qwk: float | None
    severity_macro_f1: float | None
    severity_severe_recall: float | None
    severity_severe_to_minor: float | None
    severity_confusion: tuple[tuple[int, ...], ...]
    taxonomy: str | None
    categories: tuple[CategoryResult, ...]
    obfuscated: UnderDisguise | None = None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Every set's result at the same threshold, and the model that was measured; no content."""

    sets: tuple[SetResult, ...]
    model: str
    threshold: float


class Scored(msgspec.Struct, frozen=True):
    """One judged row and its score, with what was judged: keep it off logs."""

    sample: Sample
    score: float


class Measured(msgspec.Struct, frozen=True):
    """One file's result and the rows behind it."""

    result: SetResult
    rows: tuple[Scored, ...]


class Evaluation(msgspec.Struct, frozen=True):
    """The report, and per set the rows that a page draws and quotes."""

    report: Report
    sets: tuple[Measured, ...]


def evaluate(
    sets: Iterable[Sampled],
    judge: Judges,
    *,
    model: str,
    threshold: float,
    progress: Progress = lambda done: None,
    obfuscate: bool = False,
) -> Evaluation:
    """Judges and measures every set at the same threshold; with `obfuscate` once more in disguise."""
    found = []
    for sampled in sets:
        assessments = judged([row.part for row in sampled.samples], judge, progress=progress)
        measured = evaluated(sampled, assessments, threshold=threshold)
        if obfuscate:
            cost = _in_disguise(sampled, assessments, judge, threshold=threshold, progress=progress)
            measured = Measured(msgspec.structs.replace(measured.result, obfuscated=cost), measured.rows)
        found.append(measured)
    results = tuple(measured.result for measured in found)
    return Evaluation(Report(sets=results, model=model, threshold=threshold), tuple(found))


def evaluated(sampled: Sampled, assessments: Sequence[Assessment], *, threshold: float) -> Measured:
    """The metrics of a set from its rows and their assessments; unjudged rows are counted, not measured."""
    pairs = [_Row(row, a) for row, a in zip(sampled.samples, assessments, strict=True) if isinstance(a, Assessed)]
    labels, scores = [row.sample.positive for row in pairs], [score(row.found) for row in pairs]
    bounds = intervals(labels, scores, threshold=threshold)
    calibration = reliability(labels, scores)
    graded = _graded(pairs)
    groups = breakdown([_labelled(row, threshold=threshold) for row in pairs])
    result = SetResult(
        name=sampled.name,
        rows=len(pairs),
        threshold=threshold,
        unjudged=len(assessments) - len(pairs),
        left_out=sampled.left_out,
        f1_interval=bounds.f1,
        auprc_interval=bounds.auprc,
        fpr_interval=bounds.fpr,
        ece=calibration.ece,
        reliability=calibration.bins,
        severity_rows=graded.rows,
        severity_qwk=graded.qwk,
        severity_macro_f1=graded.macro_f1,
        severity_severe_recall=graded.severe_recall,
        severity_severe_to_minor=graded.severe_to_minor,
        severity_confusion=graded.confusion,
        taxonomy=groups.taxonomy,
        categories=groups.categories,
        **msgspec.structs.asdict(measure(labels, scores, threshold=threshold)),
    )
    return Measured(result, tuple(Scored(row.sample, at) for row, at in zip(pairs, scores, strict=True)))


def score(assessment: Assessed) -> float:
    """The row's one score: the worse of `unsafe` and `prompt_attack`."""
    return max(assessment.unsafe, assessment.categories.get("prompt_attack") or 0.0)


def level_of(severity: Sequence[float]) -> int:
    """The highest level that is at least as likely as not, from four probabilities."""
    return max((level for level in range(1, 4) if sum(severity[level:]) >= 0.5), default=0)


class _Row(msgspec.Struct, frozen=True):
    sample: Sample
    found: Assessed


class _Disguise(msgspec.Struct, frozen=True):
    part: Part
    way: str


def _graded(rows: Sequence[_Row]) -> Grades:
    known = [row for row in rows if row.sample.severity is not None and row.found.severity]
    return grades([row.sample.severity or 0 for row in known], [level_of(row.found.severity or ()) for row in known])


def _labelled(row: _Row, *, threshold: float) -> Labelled:
    return Labelled(
        category=row.sample.category,
        positive=row.sample.positive,
        flagged=score(row.found) >= threshold,
        found=row.found.categories,
    )


def _in_disguise(
    sampled: Sampled, plain: Sequence[Assessment], judge: Judges, *, threshold: float, progress: Progress
) -> UnderDisguise:
    disguises = [_disguised(row.part) for row in sampled.samples]
    again = judged([one.part for one in disguises], judge, progress=progress)
    rows = zip(sampled.samples, plain, again, disguises, strict=True)
    # Rows that could not be judged one way or the other would make the two sides incomparable.
    pairs = [
        Pair(way=one.way, positive=sample.positive, plain=score(before), disguised=score(after))
        for sample, before, after, one in rows
        if isinstance(before, Assessed) and isinstance(after, Assessed)
    ]
    return under_disguise(pairs, threshold=threshold, seed=SEED)


def _disguised(part: Part) -> _Disguise:
    if not isinstance(part, Text):
        return _Disguise(part, "none")
    found = obfuscated(part.text, seed=SEED)
    return _Disguise(msgspec.structs.replace(part, text=found.text), found.way)
