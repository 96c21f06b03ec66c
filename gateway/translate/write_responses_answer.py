"""Neutral events as an OpenAI Responses answer, as numbered events or whole."""

from __future__ import annotations

import time
from typing import Any, Final

import msgspec

from .neutral import Begun, CallBegun, CallGrew, Ended, Event, Grew, Reason, Spent, TextKind

_INCOMPLETE: Final[dict[Reason, str]] = {"length": "max_output_tokens", "refusal": "content_filter"}
_EVENTS: Final[dict[TextKind, str]] = {
    "content": "response.output_text",
    "refusal": "response.refusal",
    "reasoning": "response.reasoning_text",
}
_PARTS: Final[dict[TextKind, dict[str, Any]]] = {
    "content": {"type": "output_text", "text": "", "annotations": [], "logprobs": []},
    "refusal": {"type": "refusal", "refusal": ""},
    "reasoning": {"type": "reasoning_text", "text": ""},
}


class ResponsesAnswerWriter:
    """Writes one answer: an item for each stretch of one kind and for each call, one open at a time."""

    def __init__(self, identity: str) -> None:
        self._identity = identity
        self._number = 0
        self._response: dict[str, Any] = {}
        self._output: list[dict[str, Any]] = []
        self._kind: TextKind | None = None
        self._item: dict[str, Any] | None = None
        self._text: list[str] = []
        self._spent: Spent | None = None

    def events(self, found: list[Event]) -> list[bytes]:
        """The data of the events that say what was found."""
        return [self._numbered(data) for event in found for data in self._events(event)]

    def whole(self, found: list[Event]) -> bytes:
        """The response object that the events of a stream end with."""
        for event in found:
            self._events(event)
        return msgspec.json.encode(self._response)

    def _numbered(self, data: dict[str, Any]) -> bytes:
        encoded = msgspec.json.encode({**data, "sequence_number": self._number})
        self._number += 1
        return encoded

    def _events(self, event: Event) -> list[dict[str, Any]]:
        match event:
            case Begun():
                self._response = _response(event, self._identity)
                started = {**self._response, "output": []}
                return [{"type": f"response.{word}", "response": started} for word in ("created", "in_progress")]
            case Grew(kind=kind, text=text):
                return [*self._say(kind), self._grow(f"{_EVENTS[kind]}.delta", text)]
            case CallBegun(id=id, name=name):
                fields = {"type": "function_call", "call_id": id, "name": name, "arguments": ""}
                return [*self._close(), *self._open({"id": self._name("fc"), **fields, "status": "in_progress"})]
            case CallGrew(text=text):
                return [self._grow("response.function_call_arguments.delta", text)]
            case Spent():
                self._spent = event
                return []
            case Ended():
                return self._end(event)

    def _say(self, kind: TextKind) -> list[dict[str, Any]]:
        """Opens an item and a part of this kind, unless they are open."""
        if self._item is not None and self._kind == kind:
            return []
        if kind == "reasoning":
            item: dict[str, Any] = {"id": self._name("rs"), "type": "reasoning", "summary": [], "content": []}
        else:
            fields = {"type": "message", "status": "in_progress", "role": "assistant", "content": []}
            item = {"id": self._name("msg"), **fields}
        frames = [*self._close(), *self._open(item)]
        self._kind = kind
        return [*frames, {"type": "response.content_part.added", **self._where(), "part": _PARTS[kind]}]

    def _open(self, item: dict[str, Any]) -> list[dict[str, Any]]:
        self._item, self._kind = item, None
        self._text = []
        return [{"type": "response.output_item.added", "output_index": len(self._output), "item": item}]

    def _grow(self, name: str, text: str) -> dict[str, Any]:
        self._text.append(text)
        more: dict[str, Any] = {"logprobs": []} if self._kind == "content" else {}
        return {"type": name, **self._where(), "delta": text, **more}

    def _close(self) -> list[dict[str, Any]]:
        item, kind, text = self._item, self._kind, "".join(self._text)
        if item is None:
            return []
        where, frames = self._where(), list[dict[str, Any]]()
        if kind is None:
            done: dict[str, Any] = {**item, "arguments": text or "{}", "status": "completed"}
            frames.append({"type": "response.function_call_arguments.done", **where, "arguments": done["arguments"]})
        else:
            field = "refusal" if kind == "refusal" else "text"
            part = {**_PARTS[kind], field: text}
            done = {**item, "content": [part]} | ({"status": "completed"} if "status" in item else {})
            more: dict[str, Any] = {"logprobs": []} if kind == "content" else {}
            frames.append({"type": f"{_EVENTS[kind]}.done", **where, field: text, **more})
            frames.append({"type": "response.content_part.done", **where, "part": part})
        frames.append({"type": "response.output_item.done", "output_index": len(self._output), "item": done})
        self._output.append(done)
        self._item = self._kind = None
        return frames

    def _end(self, ended: Ended) -> list[dict[str, Any]]:
        frames = self._close()
        why = _INCOMPLETE.get(ended.reason)
        status = "completed" if why is None else "incomplete"
        self._response |= {
            "status": status,
            "incomplete_details": None if why is None else {"reason": why},
            "output": self._output,
            "usage": None if self._spent is None else responses_usage(self._spent),
        }
        return [*frames, {"type": f"response.{status}", "response": self._response}]

    def _where(self) -> dict[str, Any]:
        assert self._item is not None
        where = {"item_id": self._item["id"], "output_index": len(self._output)}
        return where if self._kind is None else {**where, "content_index": 0}

    def _name(self, prefix: str) -> str:
        return f"{prefix}_{self._identity}_{len(self._output) + (self._item is not None)}"


def responses_usage(spent: Spent) -> dict[str, Any]:
    """Tokens as OpenAI's Responses API counts them."""
    return {
        "input_tokens": spent.prompt,
        "input_tokens_details": {"cached_tokens": spent.cached},
        "output_tokens": spent.completion,
        "output_tokens_details": {"reasoning_tokens": spent.reasoning},
        "total_tokens": spent.prompt + spent.completion,
    }


def _response(begun: Begun, identity: str) -> dict[str, Any]:
    return {
        "id": f"resp_{identity}",
        "object": "response",
        "created_at": int(time.time()),
        "status": "in_progress",
        "error": None,
        "incomplete_details": None,
        "model": begun.model,
        "output": [],
        "parallel_tool_calls": True,
        "store": False,
        "tool_choice": "auto",
        "tools": [],
        "usage": None,
        "metadata": {},
    }
