"""Neutral events as an OpenAI chat completion, in chunks or whole."""

from __future__ import annotations

import time
from typing import Any, Final

import msgspec

from .neutral import Begun, CallBegun, Called, CallGrew, Ended, Event, Grew, Reason, Spent, TextKind, added_up

_FIELDS: Final[dict[TextKind, str]] = {"content": "content", "reasoning": "reasoning_content", "refusal": "refusal"}
_REASONS: Final[dict[Reason, str]] = {
    "end": "stop",
    "stop": "stop",
    "length": "length",
    "tools": "tool_calls",
    "refusal": "content_filter",
}


class ChatAnswerWriter:
    """Writes one answer; `events` gives the data of each event of a stream, `whole` the body."""

    def __init__(self, identity: str) -> None:
        self._identity = identity
        self._head: dict[str, Any] = {}
        self._spent: Spent | None = None

    def events(self, found: list[Event]) -> list[bytes]:
        """The chunks that say what was found, with the end mark where that is the end."""
        return [data for event in found for data in self._chunks(event)]

    def whole(self, found: list[Event]) -> bytes:
        """The body that says all of it."""
        spoken = added_up(found)
        texts = {_FIELDS[kind]: text for kind, text in spoken.texts.items()}
        message: dict[str, Any] = {"role": "assistant", "content": None, "refusal": None, **texts}
        if spoken.calls:
            message["tool_calls"] = [_call(call) for _, call in sorted(spoken.calls.items())]
        choice = {
            "index": 0,
            "message": message,
            "logprobs": None,
            "finish_reason": _REASONS[spoken.ended.reason],
        }
        body: dict[str, Any] = {**self._opened(spoken.begun), "object": "chat.completion", "choices": [choice]}
        if spoken.spent is not None:
            body["usage"] = chat_usage(spoken.spent)
        return msgspec.json.encode(body)

    def _chunks(self, event: Event) -> list[bytes]:
        match event:
            case Begun():
                self._head = {**self._opened(event), "object": "chat.completion.chunk"}
                return [self._chunk({"role": "assistant", "content": ""})]
            case Grew(kind=kind, text=text):
                return [self._chunk({_FIELDS[kind]: text})]
            case CallBegun(index=index, id=id, name=name):
                call = {"index": index, "id": id, "type": "function", "function": {"name": name, "arguments": ""}}
                return [self._chunk({"tool_calls": [call]})]
            case CallGrew(index=index, text=text):
                return [self._chunk({"tool_calls": [{"index": index, "function": {"arguments": text}}]})]
            case Spent():
                self._spent = event
                return []
            case Ended():
                return self._ending(event)

    def _ending(self, ended: Ended) -> list[bytes]:
        chunks = [self._chunk({}, reason=_REASONS[ended.reason])]
        if self._spent is not None:
            chunks.append(msgspec.json.encode({**self._head, "choices": [], "usage": chat_usage(self._spent)}))
        return [*chunks, b"[DONE]"]

    def _opened(self, begun: Begun) -> dict[str, Any]:
        return {"id": begun.id or f"chatcmpl-{self._identity}", "created": int(time.time()), "model": begun.model}

    def _chunk(self, delta: dict[str, Any], *, reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return msgspec.json.encode({**self._head, "choices": [choice]})


def chat_usage(spent: Spent) -> dict[str, Any]:
    """Tokens as OpenAI's chat completions count them."""
    usage: dict[str, Any] = {
        "prompt_tokens": spent.prompt,
        "completion_tokens": spent.completion,
        "total_tokens": spent.prompt + spent.completion,
    }
    if spent.cached:
        usage["prompt_tokens_details"] = {"cached_tokens": spent.cached}
    if spent.reasoning:
        usage["completion_tokens_details"] = {"reasoning_tokens": spent.reasoning}
    return usage


def _call(call: Called) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
