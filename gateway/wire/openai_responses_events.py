"""The events of a Responses stream as bytes: numbered, in the API's order, with items and parts opened and closed."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import msgspec

from .openai_responses_answer import CALLS, Field, Slot
from .openai_responses_request import ResponsesRequest
from .openai_responses_whole import (
    STOPPED,
    judged_item,
    marks,
    message_item,
    refusal_part,
    response_object,
    text_part,
    usage_of,
)
from .sse import event


class _Words(NamedTuple):
    """How a kind of text is named: its events, the field of its part, and the list of its item that holds the part."""

    event: str
    field: str
    held_in: str = ""
    opening: str = ""
    counter: str = "content_index"


_WORDS: Final[dict[Field, _Words]] = {
    "text": _Words("response.output_text", "text", "content", "response.content_part"),
    "refusal": _Words("response.refusal", "refusal", "content", "response.content_part"),
    "reasoning": _Words("response.reasoning_text", "text", "content", "response.content_part"),
    "summary": _Words(
        "response.reasoning_summary_text", "text", "summary", "response.reasoning_summary_part", "summary_index"
    ),
    "arguments": _Words("response.function_call_arguments", "arguments"),
    "input": _Words("response.custom_tool_call_input", "input"),
}


class Events:
    """Writes one stream. One item and one part of it are open at a time; `output` holds the items that are closed."""

    def __init__(self, asked: ResponsesRequest, *, identity: str) -> None:
        self.begun = False
        self.output: list[dict[str, Any]] = []
        self.open: Slot | None = None
        self._asked = asked
        self._identity = identity
        self._response = response_object({}, asked, identity)
        self._number = 0
        self._item: dict[str, Any] | None = None
        self._part: dict[str, Any] | None = None
        self._texts: list[str] = []

    def adopt(self, head: dict[str, Any]) -> None:
        """Take over upstream's response object, unless events have left already."""
        if not self.begun:
            self._response = response_object(head, self._asked, self._identity)

    def text(self, slot: Slot, item: dict[str, Any], text: str) -> bytes:
        """More of a text; `item` is what upstream says of the item that holds it."""
        data = b""
        if self.open != slot:
            data = self._turn_to(slot, item)
        words = _WORDS[slot.field]
        self._texts.append(text)
        more: dict[str, Any] = {"logprobs": []} if slot.field == "text" else {}
        return data + self._send(f"{words.event}.delta", **self._place(), delta=text, **more)

    def annotation(self, annotation: dict[str, Any]) -> bytes:
        """A source or a file that the open text names."""
        if self._part is None or "annotations" not in self._part:
            return b""
        noted = self._part["annotations"]
        noted.append(annotation)
        where = self._place() | {"annotation_index": len(noted) - 1}
        return self._send("response.output_text.annotation.added", **where, annotation=annotation)

    def whole(self, item: dict[str, Any]) -> bytes:
        """An item that is sent at once."""
        data = self.begin() + self.close()
        judged = judged_item(item)
        number = len(self.output)
        self.output.append(judged)
        started = {key: value for key, value in judged.items() if key != "encrypted_content"}
        if "status" in started:
            started["status"] = "in_progress"
        return (
            data
            + self._send("response.output_item.added", output_index=number, item=started)
            + self._send("response.output_item.done", output_index=number, item=judged)
        )

    def begin(self) -> bytes:
        """The two events that open a stream, once."""
        if self.begun:
            return b""
        self.begun = True
        response = self._response | {"status": "in_progress", "incomplete_details": None, "output": [], "usage": None}
        response.pop("completed_at", None)
        return self._send("response.created", response=response) + self._send(
            "response.in_progress", response=response
        )  # fmt: skip

    def close(self, item: dict[str, Any] | None = None, *, status: str = "completed") -> bytes:
        """The end of the open item; `item` is what upstream says of it by now."""
        if self._item is None or self.open is None:
            return b""
        data = self._close_part()
        kept = {} if item is None else marks(item, {"content", "summary", *CALLS.values(), "status"})
        done = self._item | kept
        if "status" in self._item:
            done["status"] = status
        number = len(self.output)
        self.output.append(done)
        self._item = self.open = None
        return data + self._send("response.output_item.done", output_index=number, item=done)

    def end(self, head: dict[str, Any], usage: dict[str, Any] | None) -> bytes:
        """The last event of an answer that is delivered: complete, or cut short by upstream itself."""
        data = self.begin() + self.close()
        ending: dict[str, Any] = {
            key: head[key] for key in ("status", "incomplete_details", "completed_at") if key in head
        }
        kind = "incomplete" if ending.get("status") == "incomplete" else "completed"
        return data + self._last(kind, ending | {"status": kind}, usage)

    def stop(self, message: str, usage: dict[str, Any] | None, *, supported: bool) -> bytes:
        """A refusal, after what is out or alone, and the last event; for a person at risk the message is a text."""
        data = self.begin()
        if self._item is None or self._item["type"] != "message":
            data += self.close()
            data += self._open_item(Slot(-1, "text"), message_item(f"msg_{self._identity}", []))
        slot = Slot(-1, "text" if supported else "refusal", -1)
        data += self.text(slot, {}, message) + self.close(status="incomplete")
        return data + self._last("incomplete", STOPPED, usage)

    def error(self, *, message: str, code: str | None, param: str | None) -> bytes:
        """An error inside a stream that has begun."""
        return self._send("error", code=code, message=message, param=param)

    def _last(self, kind: str, ending: dict[str, Any], usage: dict[str, Any] | None) -> bytes:
        response = self._response | ending | {"output": self.output, "usage": usage_of(usage)}
        return self._send(f"response.{kind}", response=response)

    def _turn_to(self, slot: Slot, item: dict[str, Any]) -> bytes:
        data = self.begin()
        if self._item is None or self.open is None or (self.open.item != slot.item and slot.item >= 0):
            data += self.close() + self._open_item(slot, item)
        else:
            data += self._close_part()
        self.open = slot
        words = _WORDS[slot.field]
        if not words.held_in:
            return data
        assert self._item is not None
        self._part = _empty(slot.field)
        self._item.setdefault(words.held_in, []).append(self._part)
        return data + self._send(f"{words.opening}.added", **self._place(), part=self._part)

    def _open_item(self, slot: Slot, item: dict[str, Any]) -> bytes:
        self.open = slot
        self._item = _bare(slot, item, f"{self._identity}_{len(self.output)}")
        return self._send("response.output_item.added", output_index=len(self.output), item=self._item)

    def _close_part(self) -> bytes:
        assert self._item is not None
        assert self.open is not None
        words, part, text = _WORDS[self.open.field], self._part, "".join(self._texts)
        self._part = None
        self._texts.clear()
        if not words.held_in:
            self._item[words.field] = text
            return self._send(f"{words.event}.done", **self._place(), **{words.field: text})
        if part is None:
            return b""
        part[words.field] = text
        more: dict[str, Any] = {"logprobs": []} if self.open.field == "text" else {}
        where = self._place()
        done = self._send(f"{words.event}.done", **where, **{words.field: text}, **more)
        return done + self._send(f"{words.opening}.done", **where, part=part)

    def _place(self) -> dict[str, Any]:
        """Where the open text stands in the stream."""
        assert self._item is not None
        assert self.open is not None
        words = _WORDS[self.open.field]
        place = {"item_id": self._item["id"], "output_index": len(self.output)}
        return place | ({words.counter: len(self._item[words.held_in]) - 1} if words.held_in else {})

    def _send(self, kind: str, **fields: Any) -> bytes:
        body = {"type": kind, "sequence_number": self._number, **fields}
        self._number += 1
        return b"event: " + kind.encode() + b"\n" + event(msgspec.json.encode(body))


def _empty(field: Field) -> dict[str, Any]:
    if field == "text":
        return text_part("")
    if field == "refusal":
        return refusal_part("")
    return {"type": "summary_text" if field == "summary" else "reasoning_text", "text": ""}


def _bare(slot: Slot, item: dict[str, Any], identity: str) -> dict[str, Any]:
    """An item as it is announced: its marks, and no text yet."""
    kept = marks(item, {"content", "summary", "encrypted_content", *CALLS.values()})
    if "status" in kept:
        kept["status"] = "in_progress"
    if slot.field in ("summary", "reasoning"):
        return {"id": f"rs_{identity}", "type": "reasoning", **kept, "summary": []}
    if slot.field in ("arguments", "input"):
        kind = "function_call" if slot.field == "arguments" else "custom_tool_call"
        return {"id": f"fc_{identity}", "type": kind, **kept, "status": "in_progress", slot.field: ""}
    return message_item(f"msg_{identity}", []) | kept | {"status": "in_progress"}
