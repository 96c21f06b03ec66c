"""Watches an exchange from beside it: what the loop asked for, when, and what came back, without changing any of it."""

from __future__ import annotations

import time
from contextvars import ContextVar

import msgspec

from ..models.assessment import Assessed, Assessment
from ..models.content import Direction, Part, Text, direction_of
from .effects import Cancel, Consult, Consulted, Delta, Effect, End, Event, Finish, Generate, Judge, Read, Reply
from .loop import Steps


class Judging(msgspec.Struct, kw_only=True):
    """One call of the classifiers: what for, in which round (0: the request), when, and the worst that they said.

    Times are Unix nanoseconds; `worst` is the greatest `unsafe`, None where nothing was judged.
    """

    direction: Direction
    round: int
    began: int
    ended: int
    parts: int
    unjudged: int
    worst: float | None = None


class Draw(msgspec.Struct, kw_only=True):
    """One request to upstream: its round, when it began, brought its first text and ended, and what it cost."""

    round: int
    began: int
    first: int | None = None
    ended: int | None = None
    tokens: int | None = None
    cancelled: bool = False


class Helped(msgspec.Struct, kw_only=True):
    """One request to a helper model."""

    service: str
    began: int
    ended: int
    tokens: int
    fault: str | None


class Timeline(msgspec.Struct, kw_only=True):
    """What happened in one exchange; `finish` is None where it broke off.

    `said` and `answered` hold what was judged of the request and what upstream answered last, where content is kept.
    """

    began: int
    ended: int | None = None
    judgings: list[Judging] = []
    draws: list[Draw] = []
    helped: list[Helped] = []
    finish: Finish | None = None
    said: list[str] = []
    answered: list[str] = []


class Watch:
    """Collects the timelines of all exchanges of one request; `content` keeps their texts too."""

    def __init__(self, *, content: bool = False) -> None:
        self.content = content
        self.timelines: list[Timeline] = []

    def observed(self, steps: Steps) -> Steps:
        """The same steps, written down as they pass."""
        timeline = Timeline(began=time.time_ns())
        self.timelines.append(timeline)
        reply: Reply = None
        try:
            while True:
                try:
                    effect = steps.send(reply)
                except StopIteration as stop:
                    finish: Finish = stop.value
                    timeline.finish = finish
                    return finish
                began = time.time_ns()
                self._asked(timeline, effect, began)
                reply = yield effect
                self._answered(timeline, effect, reply, began)
        finally:
            timeline.ended = time.time_ns()
            steps.close()

    def _asked(self, timeline: Timeline, effect: Effect, at: int) -> None:
        match effect:
            case Generate(round=round_):
                timeline.draws.append(Draw(round=round_, began=at))
                timeline.answered.clear()
            case Judge(parts=parts) if self.content and _direction(parts) is not Direction.OUTPUT:
                timeline.said += [part.text for part in parts if isinstance(part, Text)]
            case Cancel() if timeline.draws:
                timeline.draws[-1].cancelled = True
                timeline.draws[-1].ended = timeline.draws[-1].ended or at

    def _answered(self, timeline: Timeline, effect: Effect, reply: Reply, began: int) -> None:
        at = time.time_ns()
        match effect, reply:
            case Judge(parts=parts), tuple():
                timeline.judgings.append(_judging(timeline, parts, reply, began, at))
            case Read(), Delta() | End():
                self._read(timeline, reply, at)
            case Consult(service=service), Consulted(tokens=tokens, fault=fault):
                timeline.helped.append(Helped(service=service, began=began, ended=at, tokens=tokens, fault=fault))

    def _read(self, timeline: Timeline, event: Event, at: int) -> None:
        if not timeline.draws:
            return
        draw = timeline.draws[-1]
        if isinstance(event, End):
            draw.ended, draw.tokens = at, event.tokens
        else:
            draw.first = draw.first or at
            if self.content and event.channel.kind == "content":
                timeline.answered.append(event.text)


watching: ContextVar[Watch | None] = ContextVar("headgate_watching", default=None)
"""The watch over the exchanges of the present request, if it is traced."""


def watched(steps: Steps) -> Steps:
    """The steps, observed where somebody watches."""
    watch = watching.get()
    return steps if watch is None else watch.observed(steps)


def _judging(
    timeline: Timeline, parts: tuple[Part, ...], found: tuple[Assessment, ...], began: int, at: int
) -> Judging:
    direction = _direction(parts)
    scores = [one.unsafe for one in found if isinstance(one, Assessed)]
    return Judging(
        direction=direction,
        round=timeline.draws[-1].round if timeline.draws and direction is Direction.OUTPUT else 0,
        began=began,
        ended=at,
        parts=len(parts),
        unjudged=len(found) - len(scores),
        worst=max(scores, default=None),
    )


def _direction(parts: tuple[Part, ...]) -> Direction:
    """What the newest part is: of a request with earlier answers in it, the user's message."""
    return direction_of(parts[-1].role) if parts else Direction.INPUT
