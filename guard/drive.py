"""Performs what the loop asks for: one driver for sync callers, one for async ones, and nothing else does I/O.

Whatever the judge raises has become an `Unjudged` assessment before it gets here (see `guard/failure.py`); what a
source raises ends the exchange and reaches the caller, after the source was told to stop.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Coroutine, Iterator, Sequence
from typing import Any, Final, Protocol

from ..models.assessment import Assessment
from ..models.content import Part, Text
from .aside import aside
from .effects import Cancel, Consult, Consulted, Delta, Effect, Event, Finish, Generate, Judge, Read, Release, Reply
from .loop import Steps

LONG: Final = 1 << 15
"""Characters, of a delta or of parts judged together, from which on the loop goes on off the event loop.

A million take 20 ms to cut, and 30 to be searched for personal data.
"""
MANY: Final = 512
"""Assessments from which on they are weighed there."""


class Source(Protocol):
    """Where answers come from: an upstream, a decorated function, or an answer that was given."""

    def generate(self, request: Generate) -> None:
        """Start an answer."""
        ...

    def read(self) -> Event:
        """The next event of the answer, blocking until it is there."""
        ...

    def cancel(self) -> None:
        """Stop the answer that was started last."""
        ...


class AsyncSource(Protocol):
    """The same, awaited."""

    async def generate(self, request: Generate) -> None:
        """Start an answer."""
        ...

    async def read(self) -> Event:
        """The next event of the answer."""
        ...

    async def cancel(self) -> None:
        """Stop the answer that was started last."""
        ...


class Sink(Protocol):
    """Takes text that may be shown."""

    def release(self, release: Release) -> None:
        """Show it."""
        ...


class AsyncSink(Protocol):
    """Takes text that may be shown."""

    async def release(self, release: Release) -> None:
        """Show it."""
        ...


class Judges(Protocol):
    """Assesses parts and never raises: a failure is an `Unjudged` assessment."""

    def __call__(self, parts: Sequence[Part], *, urgent: bool = False) -> tuple[Assessment, ...]:
        """One assessment for each part."""
        ...


class AsyncJudges(Protocol):
    """The same, awaited."""

    def __call__(self, parts: Sequence[Part], *, urgent: bool = False) -> Coroutine[Any, Any, tuple[Assessment, ...]]:
        """One assessment for each part."""
        ...


class Consults(Protocol):
    """Asks a helper model and never raises: a failure is a `Consulted` without text."""

    def __call__(self, request: Consult) -> Consulted:
        """What the helper says, blocking until it is there."""
        ...


class AsyncConsults(Protocol):
    """The same, awaited."""

    async def __call__(self, request: Consult) -> Consulted:
        """What the helper says."""
        ...


def nobody(request: Consult) -> Consulted:
    """Where no helper is configured."""
    return Consulted(text=None, fault="not configured")


async def anobody(request: Consult) -> Consulted:
    """The same on an event loop."""
    return nobody(request)


def run(steps: Steps, judge: Judges, source: Source, *, consult: Consults = nobody) -> Iterator[Release | Finish]:
    """Runs the loop, yielding what may be shown as soon as it may, and last the Finish; blocking."""
    reply: Reply = None
    try:
        while True:
            effect = steps.send(reply)
            reply = None
            match effect:
                case Judge(parts=parts, urgent=urgent):
                    reply = judge(parts, urgent=urgent)
                case Generate():
                    source.generate(effect)
                case Read():
                    reply = source.read()
                case Consult():
                    reply = consult(effect)
                case Cancel():
                    source.cancel()
                case Release():
                    yield effect
    except StopIteration as stop:
        yield stop.value
    except BaseException:
        # Also on KeyboardInterrupt and GeneratorExit: an upstream call that nobody waits for costs money.
        source.cancel()
        raise
    finally:
        steps.close()


async def arun(
    steps: Steps, judge: AsyncJudges, source: AsyncSource, *, consult: AsyncConsults = anobody
) -> AsyncGenerator[Release | Finish]:
    """The same on an event loop; cancelling the task cancels the source."""
    reply: Reply = None
    long = False
    try:
        while True:
            effect = await _sent_aside(steps, reply) if long else steps.send(reply)
            if isinstance(effect, Finish):
                finish = effect
                break
            if isinstance(effect, Release):
                reply, long = None, False
                yield effect
            else:
                reply = await _performed(effect, judge, source, consult)
                long = _is_long(effect, reply)
    except StopIteration as stop:
        finish = stop.value
    except BaseException:
        # Also on CancelledError: the client is gone, so upstream is told to stop.
        await source.cancel()
        raise
    finally:
        steps.close()
    yield finish


def drive(
    steps: Steps, judge: Judges, source: Source, sink: Sink | None = None, *, consult: Consults = nobody
) -> Finish:
    """Runs the loop to its end, blocking; what may be shown goes to the sink."""
    for item in run(steps, judge, source, consult=consult):
        if isinstance(item, Finish):
            return item
        if sink is not None:
            sink.release(item)
    raise AssertionError("a loop ends in a Finish")


async def adrive(
    steps: Steps,
    judge: AsyncJudges,
    source: AsyncSource,
    sink: AsyncSink | None = None,
    *,
    consult: AsyncConsults = anobody,
) -> Finish:
    """The same on an event loop."""
    reply: Reply = None
    long = False
    try:
        while True:
            effect = await _sent_aside(steps, reply) if long else steps.send(reply)
            # The three that make up nearly every exchange come first.
            if isinstance(effect, Read):
                reply = await source.read()
                long = isinstance(reply, Delta) and len(reply.text) > LONG
            elif isinstance(effect, Judge):
                reply = await judge(effect.parts, urgent=effect.urgent)
                long = _are_long(effect.parts)
            elif isinstance(effect, Release):
                reply, long = None, False
                if sink is not None:
                    await sink.release(effect)
            elif isinstance(effect, Finish):
                return effect
            else:
                reply, long = await _performed(effect, judge, source, consult), False
    except StopIteration as stop:
        finish: Finish = stop.value
        return finish
    except BaseException:
        # Also on CancelledError: the client is gone, so upstream is told to stop.
        await source.cancel()
        raise
    finally:
        steps.close()


def _is_long(effect: Effect, reply: Reply) -> bool:
    """Whether the loop takes so long over a reply that an event loop would notice."""
    if isinstance(effect, Judge):
        return _are_long(effect.parts)
    return isinstance(reply, Delta) and len(reply.text) > LONG


def _are_long(parts: Sequence[Part]) -> bool:
    """Whether weighing these parts takes so long."""
    return len(parts) > MANY or sum([len(part.text) for part in parts if isinstance(part, Text)]) > LONG


async def _sent_aside(steps: Steps, reply: Reply) -> Effect | Finish:
    """The loop's next effect, or what it ends in, worked out in a thread; a cancelled caller waits until it stands."""
    sent = aside("compute", _sent, steps, reply)
    try:
        return await asyncio.shield(sent)
    except asyncio.CancelledError:
        # However often it is cancelled: steps that run cannot be closed.
        while not sent.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait((sent,))
        if not sent.cancelled():
            sent.exception()
        raise


def _sent(steps: Steps, reply: Reply) -> Effect | Finish:
    try:
        return steps.send(reply)
    except StopIteration as stop:  # which no future can hold
        finish: Finish = stop.value
        return finish


async def _performed(
    effect: Judge | Generate | Read | Consult | Cancel, judge: AsyncJudges, source: AsyncSource, consult: AsyncConsults
) -> Reply:
    match effect:
        case Judge(parts=parts, urgent=urgent):
            return await judge(parts, urgent=urgent)
        case Generate():
            await source.generate(effect)
        case Read():
            return await source.read()
        case Consult():
            return await consult(effect)
        case Cancel():
            await source.cancel()
    return None
