"""Decorated functions as sources: called once for each candidate of a round, or read as they yield."""

from __future__ import annotations

import asyncio
import inspect
from collections import deque
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from typing import Any, Final

from ..models.errors import ConfigError, InputError
from .calls import Call, Extract, answer_of
from .cuts import restored_text, words_of
from .effects import Channel, Delta, End, Event, Finish, Generate
from .sources import events_of

Function = Callable[..., Any]

_REASONING: Final = frozenset({"reasoning", "reasoning_content"})


class _Results:
    """The results of each round, so that what is delivered is the function's own object."""

    def __init__(self, function: Function, call: Call, extract: Extract | None) -> None:
        self._function = function
        self._call = call
        self._extract = extract
        self._rounds: dict[int, list[Any]] = {}
        self._events: deque[Event] = deque()
        self._words: dict[str, str] = {}

    def result(self, finish: Finish) -> Any:
        """The result that was delivered; what belongs beneath a text goes there, an object stays as it is."""
        assert finish.round is not None
        drawn = max(number for number in self._rounds if number <= finish.round)
        found = self._rounds[drawn][finish.choice or 0]
        if finish.text is not None:
            found = corrected(found, finish.text, self._extract)
        if not isinstance(found, str):
            return found
        found = restored_text(found, self._words)
        return f"{found}\n\n{finish.appendix}" if finish.appendix else found

    def _came(self, request: Generate, results: list[Any]) -> None:
        self._rounds[request.round] = results
        self._words = words_of(request.cuts)
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
    """A coroutine function; its candidates are made together, while the caller goes on."""

    def __init__(self, function: Function, call: Call, extract: Extract | None) -> None:
        super().__init__(function, call, extract)
        self._asked: Generate | None = None
        self._calls: list[asyncio.Task[Any]] = []

    async def generate(self, request: Generate) -> None:
        """Starts the function, once for each candidate; what it raises is raised by the first read."""
        await self.cancel()
        bound = self._arguments(request)
        self._asked = request
        self._calls = [
            asyncio.ensure_future(self._function(*bound.args, **bound.kwargs)) for _ in range(request.n or 1)
        ]

    async def read(self) -> Event:
        """The next text of its answer."""
        if self._asked is not None:
            request = self._asked
            results = [await call for call in self._calls]
            self._asked, self._calls = None, []
            self._came(request, results)
        return self._events.popleft()

    async def cancel(self) -> None:
        """Cancels the calls that run and waits for their clean-up; the rest is not read."""
        calls, self._calls, self._asked = self._calls, [], None
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        self._events.clear()


class StreamSource:
    """A generator function that yields texts, or what `output` takes a text from; candidates are read in turn."""

    def __init__(self, function: Function, call: Call, extract: Extract | None) -> None:
        self._function = function
        self._call = call
        self._extract = extract
        self._streams: list[Generator[Any]] = []
        self._choice = 0
        self.words: dict[str, str] = {}

    def generate(self, request: Generate) -> None:
        """Starts the generators; nothing of them runs before the first read."""
        bound = self._call.again(request)
        self._choice = 0
        self.words = words_of(request.cuts)
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
    """The same for an async generator function.

    It does not start ahead of its first read: all steps of a generator belong into one task.
    """

    def __init__(self, function: Function, call: Call, extract: Extract | None) -> None:
        self._function = function
        self._call = call
        self._extract = extract
        self._streams: list[AsyncGenerator[Any]] = []
        self._choice = 0
        self.words: dict[str, str] = {}

    async def generate(self, request: Generate) -> None:
        """Starts the generators; nothing of them runs before the first read."""
        bound = self._call.again(request)
        self._choice = 0
        self.words = words_of(request.cuts)
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


def corrected(result: Any, text: str, extract: Extract | None) -> Any:
    """A result with a helper's text in its place; ConfigError where the result's kind has no place for one."""
    if extract is None and isinstance(result, str):
        return text
    if extract is None and isinstance(result, Mapping):
        kept = {key: value for key, value in result.items() if key not in _REASONING}
        return {**kept, "content": text}
    raise ConfigError(
        f"the corrector's text cannot be put into a {type(result).__name__}: return a text or a message, "
        "or leave the corrector out of this function's policy"
    )


def _text(item: Any, extract: Extract | None) -> str:
    text = extract(item) if extract is not None else item
    if not isinstance(text, str):
        raise InputError(f"the stream yields {type(text).__name__}; name its text with output=", param="output")
    return text
