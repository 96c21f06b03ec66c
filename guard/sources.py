"""Answers that are already there: a given response, as one event a text."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from ..models.errors import InputError
from .conversation import arguments_of
from .effects import Channel, Delta, End, Event, Generate


def events_of(responses: Sequence[str | Mapping[str, Any]]) -> list[Event]:
    """Each response as the deltas of one choice, then the end. A response is a text or an assistant message."""
    events: list[Event] = []
    for choice, response in enumerate(responses):
        message = {"content": response} if isinstance(response, str) else response
        events.extend(_deltas(message, choice))
    return [*events, End()]


def _deltas(message: Mapping[str, Any], choice: int) -> list[Event]:
    found: list[Event] = []
    for kind, keys in (
        ("reasoning", ("reasoning_content", "reasoning")),
        ("content", ("content",)),
        ("refusal", ("refusal",)),
    ):
        text = next((message[key] for key in keys if message.get(key)), None)
        if text is None:
            continue
        if isinstance(text, list):
            text = "".join(item.get("text", "") for item in text if isinstance(item, Mapping))
        if not isinstance(text, str):
            raise InputError(f"response[{choice}].{kind} must be a string", param=f"response[{choice}].{kind}")
        found.append(Delta(Channel(choice, kind), text))  # type: ignore[arg-type]
    for index, call in enumerate(message.get("tool_calls") or ()):
        arguments = arguments_of(call, f"response[{choice}].tool_calls[{index}]")
        found.append(Delta(Channel(choice, "tool_call", index), arguments))
    return found


class Given:
    """A source whose answer is already there; it cannot be made again."""

    def __init__(self, responses: Sequence[str | Mapping[str, Any]]) -> None:
        self._events = deque(events_of(responses))

    def generate(self, request: Generate) -> None:
        """Nothing to do: the answer is there."""

    def read(self) -> Event:
        """The next text of the answer."""
        return self._events.popleft()

    def cancel(self) -> None:
        """The rest is not read."""
        self._events.clear()


class AsyncGiven:
    """The same for the async driver."""

    def __init__(self, responses: Sequence[str | Mapping[str, Any]]) -> None:
        self._given = Given(responses)

    async def generate(self, request: Generate) -> None:
        """Nothing to do: the answer is there."""

    async def read(self) -> Event:
        """The next text of the answer."""
        return self._given.read()

    async def cancel(self) -> None:
        """The rest is not read."""
        self._given.cancel()
