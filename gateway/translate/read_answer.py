"""An upstream's answer into neutral events, as its own dialect reads it: one way for all of them.

The dialect checks what came (names, shapes, errors), so what a translated client sees went through the same sieve.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

import msgspec

from ...guard.effects import Channel, Delta
from ..wire.dialect import Answer, Dialect
from .neutral import Begun, CallBegun, CallGrew, Ended, Event, Grew, Spent

A = TypeVar("A", bound=Answer)


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """A call's id, None where upstream gives none, and its name."""

    id: str | None
    name: str


class Sight(msgspec.Struct, Generic[A], frozen=True, kw_only=True):
    """Where a dialect's answer keeps what the events tell; `call` is None for what is no call of the client's tools.

    `calls` are the channels of all calls in their order, those without arguments included.
    """

    dialect: Dialect[Any, A]
    begun: Callable[[A], Begun]
    call: Callable[[A, Channel], Named | None]
    calls: Callable[[A], list[Channel]]
    ended: Callable[[A], Ended]
    spent: Callable[[A], Spent | None]


class AnswerReader(Generic[A]):
    """Reads one answer; raises UpstreamError where it is none, or holds what cannot be judged.

    Calls are told when the answer is over, one after another and whole: servers may send pieces of several by turns,
    and nothing of a call is shown before all of it was judged.
    """

    def __init__(self, sight: Sight[A]) -> None:
        self._sight = sight
        self._answer: A = sight.dialect.answer(0)
        self.over = False
        self._begun = False
        self._arguments: dict[Channel, list[str]] = {}

    def whole(self, raw: bytes) -> list[Event]:
        """The events of an answer in one piece."""
        return self._events(self._sight.dialect.read(raw, self._answer)) + self._end()

    def take(self, data: bytes) -> list[Event]:
        """The events of one event of a stream."""
        events = self._events(self._sight.dialect.read_event(data, self._answer))
        return events + self._end() if self._answer.over else events

    def finish(self) -> list[Event]:
        """What is left to say where the stream has ended; nothing where upstream broke off."""
        return self._end() if self._answer.ended else []

    def _events(self, deltas: list[Delta]) -> list[Event]:
        events: list[Event] = []
        for delta in deltas:
            channel = delta.channel
            if channel.kind == "tool_call":
                self._arguments.setdefault(channel, []).append(delta.text)
            elif channel.kind != "other" and channel.index == 0 and channel.choice == 0:
                # The others are citations, which have no place in another protocol.
                events.append(Grew(channel.kind, delta.text))
        return self._head() + events if events else []

    def _head(self) -> list[Event]:
        if self._begun:
            return []
        self._begun = True
        return [self._sight.begun(self._answer)]

    def _called(self) -> Iterator[Event]:
        number = 0
        for channel in self._sight.calls(self._answer):
            named = self._sight.call(self._answer, channel)
            if named is None:
                continue
            yield CallBegun(index=number, id=named.id or f"call_{number}", name=named.name)
            if arguments := "".join(self._arguments.get(channel, ())):
                yield CallGrew(number, arguments)
            number += 1

    def _end(self) -> list[Event]:
        if self.over:
            return []
        self.over = True
        spent = self._sight.spent(self._answer)
        told = [spent] if spent is not None else []
        return [*self._head(), *self._called(), *told, self._sight.ended(self._answer)]


def count(usage: Any, *path: str) -> int:
    """A count in a usage object; 0 where it is not told."""
    for step in path:
        usage = usage.get(step) if isinstance(usage, dict) else None
    return usage if isinstance(usage, int) and not isinstance(usage, bool) else 0
