"""Neutral events as an Anthropic message, as events or whole."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from .neutral import (
    Begun,
    CallBegun,
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

_REASONS: Final[dict[Reason, str]] = {
    "end": "end_turn",
    "stop": "stop_sequence",
    "length": "max_tokens",
    "tools": "tool_use",
    "refusal": "refusal",
}
_OPENINGS: Final[dict[str, dict[str, Any]]] = {
    "text": {"type": "text", "text": ""},
    "thinking": {"type": "thinking", "thinking": "", "signature": ""},
}
# A refusal is said in a text block, and told by the stop reason.
_BLOCKS: Final[dict[TextKind, str]] = {"content": "text", "reasoning": "thinking", "refusal": "text"}


class MessagesAnswerWriter:
    """Writes one answer; blocks follow one another, each closed before the next begins."""

    def __init__(self, identity: str) -> None:
        self._identity = identity
        self._index = -1
        self._open: str | None = None
        self._refuses = False
        self._spent = Spent(prompt=0, completion=0)

    def events(self, found: list[Event]) -> list[bytes]:
        """The data of the events that say what was found."""
        return [msgspec.json.encode(data) for event in found for data in self._events(event)]

    def whole(self, found: list[Event]) -> bytes:
        """The body that says all of it: thinking, then text, then calls."""
        spoken = added_up(found)
        texts = spoken.texts
        content: list[dict[str, Any]] = []
        if thinking := texts.get("reasoning"):
            content.append({"type": "thinking", "thinking": thinking, "signature": ""})
        content += [{"type": "text", "text": said} for kind in ("content", "refusal") if (said := texts.get(kind))]
        for _, call in sorted(spoken.calls.items()):
            content.append({"type": "tool_use", "id": call.id, "name": call.name, "input": object_of(call.arguments)})
        self._refuses = bool(texts.get("refusal"))
        body = {**self._head(spoken.begun), "content": content, **self._ending(spoken.ended)}
        if spoken.spent is not None:
            body["usage"] = messages_usage(spoken.spent)
        return msgspec.json.encode(body)

    def _events(self, event: Event) -> list[dict[str, Any]]:
        match event:
            case Begun():
                usage = {"input_tokens": 0, "output_tokens": 0}
                head = {**self._head(event), "content": [], "stop_reason": None, "stop_sequence": None, "usage": usage}
                return [{"type": "message_start", "message": head}]
            case Grew(kind=kind, text=text):
                self._refuses = self._refuses or kind == "refusal"
                block = _BLOCKS[kind]
                return [*self._begin(block), self._delta({"type": f"{block}_delta", block: text})]
            case CallBegun(index=index, id=id, name=name):
                return self._begin(f"call {index}", {"type": "tool_use", "id": id, "name": name, "input": {}})
            case CallGrew(text=text):
                return [self._delta({"type": "input_json_delta", "partial_json": text})]
            case Spent():
                self._spent = event
                return []
            case Ended():
                end = {"type": "message_delta", "delta": self._ending(event), "usage": messages_usage(self._spent)}
                return [*self._stop(), end, {"type": "message_stop"}]

    def _begin(self, block: str, opening: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        if self._open == block:
            return []
        events = self._stop()
        self._index += 1
        self._open = block
        start = {"type": "content_block_start", "index": self._index, "content_block": opening or _OPENINGS[block]}
        return [*events, start]

    def _stop(self) -> list[dict[str, Any]]:
        if self._open is None:
            return []
        self._open = None
        return [{"type": "content_block_stop", "index": self._index}]

    def _delta(self, delta: dict[str, Any]) -> dict[str, Any]:
        return {"type": "content_block_delta", "index": self._index, "delta": delta}

    def _head(self, begun: Begun) -> dict[str, Any]:
        identity = begun.id or f"msg_{self._identity}"
        return {"id": identity, "type": "message", "role": "assistant", "model": begun.model}

    def _ending(self, ended: Ended) -> dict[str, Any]:
        reason = "refusal" if self._refuses else _REASONS[ended.reason]
        return {"stop_reason": reason, "stop_sequence": ended.sequence}


def messages_usage(spent: Spent) -> dict[str, Any]:
    """Tokens as Anthropic counts them: those of its cache beside the others."""
    usage = {"input_tokens": max(0, spent.prompt - spent.cached - spent.written), "output_tokens": spent.completion}
    if spent.cached:
        usage["cache_read_input_tokens"] = spent.cached
    if spent.written:
        usage["cache_creation_input_tokens"] = spent.written
    return usage
