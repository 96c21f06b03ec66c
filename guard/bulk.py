"""Many rows at once: every loop runs until it needs a judgement, and all of those are judged together.

The loop does no I/O, so a thousand of them advance in step: each row's verdict is the one it would get alone.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeAlias

import msgspec

from ..models.assessment import Assessment, Unjudged
from ..models.content import Part, Text
from ..policies.verdict import Verdict
from .effects import Effect, Finish, Judge, Read, Reply
from .loop import Steps, Terms, exchange
from .rows import Exchange
from .sources import Given
from .weigh import Rules

Judges: TypeAlias = Callable[[Sequence[Part]], Sequence[Assessment]]
"""One assessment for each part, in order; called from several threads."""

Progress: TypeAlias = Callable[[int], None]

CHUNK: Final = 64
"""Parts handed to a classifier at once: of similar length, so that little is padding."""

NO_SCORES: Final = "no_scores"


class Concluded(msgspec.Struct, frozen=True):
    """A row's verdict and the assessments behind it, in the order in which the loop asked for them, with their paths.

    `answer` is one that was made in place of the row's own.
    """

    verdict: Verdict
    assessments: tuple[Assessment, ...] = ()
    paths: tuple[str, ...] = ()
    answer: str | None = None


class _Run(msgspec.Struct):
    """One row on its way: its loop, its answer, what it was told, and the parts it waits for or the end it came to."""

    steps: Steps
    source: Given
    scores: dict[str, Assessment] | None = None
    waits: tuple[Part, ...] = ()
    told: tuple[Assessment, ...] = ()
    paths: tuple[str, ...] = ()
    finish: Finish | None = None


def judged(parts: Sequence[Part], judge: Judges, *, progress: Progress = lambda done: None) -> list[Assessment]:
    """An assessment of each part, in order: judged longest first, in chunks, one chunk a core at a time."""
    order = sorted(range(len(parts)), key=lambda index: _length(parts[index]), reverse=True)
    chunks = [order[start : start + CHUNK] for start in range(0, len(order), CHUNK)]
    found: dict[int, Assessment] = {}
    with ThreadPoolExecutor(max_workers=len(os.sched_getaffinity(0))) as pool:
        # One chunk is judged here: a thread for it alone would only cost.
        together = pool.map if len(chunks) > 1 else map
        answers = together(lambda chunk: judge([parts[index] for index in chunk]), chunks)
        for chunk, answer in zip(chunks, answers, strict=True):
            found.update(zip(chunk, answer, strict=True))
            progress(len(chunk))
    return [found[index] for index in range(len(parts))]


def check_many(rows: Sequence[Exchange], judge: Judges, *, rules: Rules) -> list[Verdict]:
    """The verdict of each row, in order, byte for byte what `Guard.check` says of it."""
    return [one.verdict for one in conclude_many(rows, lambda parts: judged(parts, judge), rules=rules)]


def conclude_many(rows: Sequence[Exchange], judge: Judges, *, rules: Rules) -> list[Concluded]:
    """The same with the assessments; `judge` is asked about all that the rows wait for at once."""
    runs = [_start(row, rules) for row in rows]
    while waiting := [run for run in runs if run.finish is None]:
        asked = [part for run in waiting if run.scores is None for part in run.waits]
        answers = iter(judge(asked) if asked else ())
        for run in waiting:
            scores = run.scores
            reply = tuple(next(answers) if scores is None else brought(scores, part.path) for part in run.waits)
            run.told += reply
            run.paths += tuple(part.path for part in run.waits)
            _advance(run, reply)
    return [Concluded(run.finish.verdict, run.told, run.paths) for run in runs if run.finish is not None]


def brought(scores: Mapping[str, Assessment], path: str) -> Assessment:
    """The scores that came along for a part, or for all parts; Unjudged where there are none."""
    found = scores.get(path) or scores.get("")
    return found or Unjudged(reason=NO_SCORES, detail="the file of scores has none for it")


def _start(row: Exchange, rules: Rules) -> _Run:
    answers = row.response is not None
    given = Given([row.response] if row.response is not None else [])
    run = _Run(exchange(Terms(rules=rules, answers=answers, given=True), row.prompt), given, row.scores)
    _advance(run, None)
    return run


def _advance(run: _Run, reply: Reply) -> None:
    """Runs the loop up to its next judgement or its end; an answer that is given costs nothing to read."""
    try:
        while True:
            effect: Effect = run.steps.send(reply)
            reply = None
            if isinstance(effect, Judge):
                run.waits = tuple(effect.parts)
                return
            if isinstance(effect, Read):
                reply = run.source.read()
    except StopIteration as stop:
        run.finish, run.waits = stop.value, ()


def _length(part: Part) -> int:
    return len(part.text) + len(part.context) if isinstance(part, Text) else 0
