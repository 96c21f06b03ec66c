"""Neutral events as Ollama's answer, in lines or whole."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from .neutral import (
    Begun,
    CallBegun,
    Called,
    CallGrew,
    Ended,
    Event,
    Grew,
    Reason,
    Spent,
    TextKind,
    added_up,
    object_of,
)

_FIELDS: Final[dict[TextKind, str]] = {"content": "content", "reasoning": "thinking", "refusal": "content"}
_REASONS: Final[dict[Reason, str]] = {
    "end": "stop",
    "stop": "stop",
    "length": "length",
    "tools": "stop",
    "refusal": "content_filter",
}


class OllamaAnswerWriter:
    """Writes one answer; a call leaves whole, for its arguments are an object here."""

    def __init__(self, identity: str) -> None:
        self._head: dict[str, Any] = {}
        self._spent: Spent | None = None
        self._calls: dict[int, Called] = {}

    def events(self, found: list[Event]) -> list[bytes]:
        """The lines that say what was found."""
        return [msgspec.json.encode(line) for event in found for line in self._lines(event)]

    def whole(self, found: list[Event]) -> bytes:
        """The object that says all of it."""
        spoken = added_up(found)
        self._head = _head(spoken.begun)
        self._spent = spoken.spent
        message: dict[str, Any] = {"content": ""}
        for kind, text in spoken.texts.items():
            message[_FIELDS[kind]] = message.get(_FIELDS[kind], "") + text
        if spoken.calls:
            message["tool_calls"] = _calls(spoken.calls)
        return msgspec.json.encode(self._line(message, **self._end(spoken.ended)))

    def _lines(self, event: Event) -> list[dict[str, Any]]:
        match event:
            case Begun():
                self._head = _head(event)
            case Grew(kind=kind, text=text):
                return [self._line({"content": "", _FIELDS[kind]: text})]
            case CallBegun(index=index, id=id, name=name):
                self._calls[index] = Called(id=id, name=name, arguments="")
            case CallGrew(index=index, text=text):
                call = self._calls[index]
                self._calls[index] = msgspec.structs.replace(call, arguments=call.arguments + text)
            case Spent():
                self._spent = event
            case Ended():
                calls = [self._line({"content": "", "tool_calls": _calls(self._calls)})] if self._calls else []
                return [*calls, self._line({"content": ""}, **self._end(event))]
        return []

    def _line(self, message: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {**self._head, "message": {"role": "assistant", **message}, "done": False, **more}

    def _end(self, ended: Ended) -> dict[str, Any]:
        spent = self._spent
        counts = {"prompt_eval_count": spent.prompt, "eval_count": spent.completion} if spent is not None else {}
        return {"done": True, "done_reason": _REASONS[ended.reason], **counts}


def _head(begun: Begun) -> dict[str, Any]:
    return {"model": begun.model, "created_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")}


def _calls(calls: dict[int, Called]) -> list[dict[str, Any]]:
    return [
        {"id": call.id, "function": {"name": call.name, "arguments": object_of(call.arguments)}}
        for _, call in sorted(calls.items())
    ]
