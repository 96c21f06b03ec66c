"""Answers that are already there: a given response, as one event a text."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ..models.content import Role
from ..models.errors import InputError
from .beside import texts_beside
from .conversation import arguments_of, tool_of
from .effects import Channel, ChannelKind, Delta, End, Event, Generate


def events_of(responses: Sequence[str | Mapping[str, Any]]) -> list[Event]:
    """Each response as the deltas of one choice, then the end. A response is a text or an assistant message."""
    events: list[Event] = []
    for choice, response in enumerate(responses):
        message = {"content": response} if isinstance(response, str) else response
        events.extend(_deltas(message, choice))
    return [*events, End()]


_TEXTS: Final[Mapping[ChannelKind, tuple[str, ...]]] = {
    "reasoning": ("reasoning_content", "reasoning"),
    "content": ("content",),
    "refusal": ("refusal",),
}


def _deltas(message: Mapping[str, Any], choice: int) -> list[Event]:
    where = f"response[{choice}]"
    if message.get("audio") is not None:
        raise InputError(f"{where}.audio cannot be judged: give its transcript as content", param=f"{where}.audio")
    found: list[Event] = []
    for kind, keys in _TEXTS.items():
        # Some servers say the same under both names.
        texts = dict.fromkeys(_text(message[key], f"{where}.{key}") for key in keys if message.get(key))
        if texts:
            found.append(Delta(Channel(choice, kind), "\n".join(texts)))
    for index, call in enumerate(message.get("tool_calls") or ()):
        arguments = arguments_of(call, f"{where}.tool_calls[{index}]")
        found.append(Delta(Channel(choice, "tool_call", index), arguments, tool_of(call)))
    for part in texts_beside(message, where):
        of: ChannelKind = "tool_call" if part.role is Role.TOOL_CALL else "other"
        channel = Channel(choice, of, field=part.path.removeprefix(f"{where}."))
        found.append(Delta(channel, part.text, part.tool))
    return found


def _text(value: object, path: str) -> str:
    """The text of a string or of a list of text parts; anything else could not be judged, so it is an error."""
    if isinstance(value, str):
        return value
    if isinstance(value, Sequence) and all(isinstance(item, Mapping) for item in value):
        texts = [item.get("text") for item in value]
        if all(isinstance(text, str) for text in texts):
            return "".join(texts)
    raise InputError(f"{path} must be a string or a list of text parts", param=path)


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
