"""Decorated functions as sources: called once for each candidate of a round, or read as they yield."""

from __future__ import annotations

import inspect
from collections import deque
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any

from ..models.errors import InputError
from .calls import Call, Extract, answer_of
from .effects import Channel, Delta, End, Event, Finish, Generate
from .sources import events_of

Function = Callable[..., Any]


class _Results:
    """The results of each round, so that what is delivered is the function's own object."""

    def __init__(self, function: Function, call: Call, extract: Extract | None) -> None:
        self._function = function
        self._call = call
        self._extract = extract
        self._rounds: dict[int, list[Any]] = {}
        self._events: deque[Event] = deque()

    def result(self, finish: Finish) -> Any:
        """The result that was delivered."""
        assert finish.round is not None
        return self._rounds[finish.round][finish.choice or 0]

    def _came(self, request: Generate, results: list[Any]) -> None:
        self._rounds[request.round] = results
        self._events = deque(events_of([answer_of(result, self._extract) for result in results]))

    def _arguments(self, request: Generate) -> inspect.BoundArguments:
        return self._call.again(request)


class FunctionSource(_Results):
    """A plain function."""

    def generate(self, request: Generate) -> None:
        """Calls the function, once for each candidate."""
        bound = self._arguments(request)
        self._came(request, [self._function(*bound.args, **bound.kwargs) for _ in range(request.n or 1)])

    def read(self) -> Event:
        """The next text of its answer."""
        return self._events.popleft()

    def cancel(self) -> None:
        """The rest is not read."""
        self._events.clear()


class AsyncFunctionSource(_Results):
    """A coroutine function."""

    async def generate(self, request: Generate) -> None:
        """Awaits the function, once for each candidate."""
        bound = self._arguments(request)
        self._came(request, [await self._function(*bound.args, **bound.kwargs) for _ in range(request.n or 1)])

    async def read(self) -> Event:
        """The next text of its answer."""
        return self._events.popleft()

    async def cancel(self) -> None:
        """The rest is not read."""
        self._events.clear()


class StreamSource:
    """A generator function that yields texts, or what `output` takes a text from; candidates are read in turn."""

    def __init__(self, function: Function, call: Call, extract: Extract | None) -> None:
        self._function = function
        self._call = call
        self._extract = extract
        self._streams: list[Generator[Any]] = []
        self._choice = 0

    def generate(self, request: Generate) -> None:
        """Starts the generators; nothing of them runs before the first read."""
        bound = self._call.again(request)
        self._choice = 0
        self._streams = [self._function(*bound.args, **bound.kwargs) for _ in range(request.n or 1)]

    def read(self) -> Event:
        """The next text, of the next candidate when one has ended."""
        while self._choice < len(self._streams):
            try:
                item = next(self._streams[self._choice])
            except StopIteration:
                self._choice += 1
            else:
                return Delta(Channel(self._choice), _text(item, self._extract))
        return End()

    def cancel(self) -> None:
        """Closes the generators, so that their own clean-up runs now."""
        for stream in self._streams:
            stream.close()


class AsyncStreamSource:
    """The same for an async generator function."""

    def __init__(self, function: Function, call: Call, extract: Extract | None) -> None:
        self._function = function
        self._call = call
        self._extract = extract
        self._streams: list[AsyncGenerator[Any]] = []
        self._choice = 0

    async def generate(self, request: Generate) -> None:
        """Starts the generators; nothing of them runs before the first read."""
        bound = self._call.again(request)
        self._choice = 0
        self._streams = [self._function(*bound.args, **bound.kwargs) for _ in range(request.n or 1)]

    async def read(self) -> Event:
        """The next text, of the next candidate when one has ended."""
        while self._choice < len(self._streams):
            try:
                item = await anext(self._streams[self._choice])
            except StopAsyncIteration:
                self._choice += 1
            else:
                return Delta(Channel(self._choice), _text(item, self._extract))
        return End()

    async def cancel(self) -> None:
        """Closes the generators, so that their own clean-up runs now."""
        for stream in self._streams:
            await stream.aclose()


def _text(item: Any, extract: Extract | None) -> str:
    text = extract(item) if extract is not None else item
    if not isinstance(text, str):
        raise InputError(f"the stream yields {type(text).__name__}; name its text with output=", param="output")
    return text
