"""Many rows at once: every loop runs until it needs a judgement, and all of those are judged together.

The loop does no I/O, so a thousand of them advance in step: each row's verdict is the one it would get alone.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeAlias

import msgspec

from ..models.assessment import Assessment
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


class Concluded(msgspec.Struct, frozen=True):
    """A row's verdict and the assessments behind it, in the order in which the loop asked for them."""

    verdict: Verdict
    assessments: tuple[Assessment, ...] = ()


class _Run(msgspec.Struct):
    """One row on its way: its loop, its answer, what it was told, and the parts it waits for or the end it came to."""

    steps: Steps
    source: Given
    waits: tuple[Part, ...] = ()
    told: tuple[Assessment, ...] = ()
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
        answers = iter(judge([part for run in waiting for part in run.waits]))
        for run in waiting:
            reply = tuple(next(answers) for _ in run.waits)
            run.told += reply
            _advance(run, reply)
    return [Concluded(run.finish.verdict, run.told) for run in runs if run.finish is not None]


def _start(row: Exchange, rules: Rules) -> _Run:
    answers = row.response is not None
    given = Given([row.response] if row.response is not None else [])
    run = _Run(exchange(Terms(rules=rules, answers=answers, given=True), row.prompt), given)
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
