"""Upstream's Responses answer, whole or as events: what is to be judged of it, and what is kept for the caller."""

from __future__ import annotations

import re
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import msgspec

from ...guard.effects import Channel, ChannelKind, Delta
from ...models.errors import UpstreamError

Field: TypeAlias = Literal["text", "refusal", "summary", "reasoning", "arguments", "input", "annotations", "whole"]

CALLS: Final = {"function_call": "arguments", "custom_tool_call": "input"}
"""Items that the caller is to run, and the field that holds what with."""
_KINDS: Final[dict[str, ChannelKind]] = {
    "text": "content",
    "refusal": "refusal",
    "summary": "reasoning",
    "reasoning": "reasoning",
    "arguments": "tool_call",
    "input": "tool_call",
    "annotations": "reasoning",
}
_DELTAS: Final[dict[str, Field]] = {
    "response.output_text.delta": "text",
    "response.refusal.delta": "refusal",
    "response.reasoning_summary_text.delta": "summary",
    "response.reasoning_text.delta": "reasoning",
    "response.function_call_arguments.delta": "arguments",
    "response.custom_tool_call_input.delta": "input",
}
_ENDS: Final = frozenset(["response.completed", "response.incomplete"])
# Upstream runs these itself: what they say is shown in its place, where what the caller runs is judged whole.
_RUN_BY_UPSTREAM: Final = frozenset(
    ["web_search_call", "file_search_call", "code_interpreter_call", "mcp_call", "mcp_list_tools", "tool_search_call"]
)
_UNREADABLE: Final = frozenset(["audio", "computer_screenshot", "image", "image_generation_call", "input_image"])
_MARKS: Final = frozenset(
    [
        "call_id",
        "caller",
        "container_id",
        "encrypted_content",
        "file_id",
        "fingerprint",
        "id",
        "logprobs",
        "role",
        "status",
        "type",
    ]
)
# A tool's name is not judged, so it must not be able to say anything.
_NAME: Final = re.compile(r"[\w.:/-]{0,128}", re.ASCII)
_LARGEST_INDEX: Final = 4096


class Slot(NamedTuple):
    """Where a text stands: in which item, in which field of it, and in which part of that."""

    item: int
    field: Field
    part: int = 0


class Answer(msgspec.Struct):
    """One round's answer: the response object, its items, which text travels on which channel, and its usage.

    `asked` and `said` are the characters of the request's body and of the answer so far.
    """

    head: dict[str, Any] = {}
    items: dict[int, dict[str, Any]] = {}
    texts: dict[Slot, list[str]] = {}
    channels: dict[Slot, Channel] = {}
    usage: dict[str, Any] | None = None
    asked: int = 0
    said: int = 0
    over: bool = False

    @property
    def ended(self) -> bool:
        """The last event says itself that it is the last."""
        return self.over

    @property
    def tokens(self) -> int | None:
        """What upstream says the answer took to make."""
        return self._count("output_tokens")

    @property
    def prompt_tokens(self) -> int | None:
        """What upstream says the request was."""
        return self._count("input_tokens")

    def slot(self, channel: Channel) -> Slot | None:
        """Where the text of a channel stands."""
        return next((slot for slot, other in self.channels.items() if other == channel), None)

    def text(self, slot: Slot) -> str:
        """A text as far as it has come."""
        return "".join(self.texts.get(slot, ()))

    def _count(self, key: str) -> int | None:
        tokens = (self.usage or {}).get(key)
        return tokens if isinstance(tokens, int) and not isinstance(tokens, bool) else None


def read_body(raw: bytes, answer: Answer) -> list[Delta]:
    """Take up a whole answer; raises UpstreamError where it is not one, or holds what cannot be judged."""
    body = _decode(raw)
    if not isinstance(body.get("output"), list):
        raise UpstreamError("upstream's answer has no output", status=502)
    return _end(body, answer)


def read_event(raw: bytes, answer: Answer) -> list[Delta]:
    """Take up one event of a stream; raises UpstreamError where it is not one."""
    event = _decode(raw)
    kind = event.get("type")
    if not isinstance(kind, str):
        raise UpstreamError("upstream's stream holds an event without a type", status=502)
    if kind in _DELTAS:
        return _delta(event, _DELTAS[kind], answer)
    if kind == "error" or kind == "response.failed":
        raise _failed(event)
    if kind == "response.output_item.added":
        answer.items.setdefault(_index(event, "output_index"), _item(event))
    elif kind == "response.output_item.done":
        return _take_item(_index(event, "output_index"), _item(event), answer)
    elif kind in _ENDS:
        response = event.get("response")
        return _end(response if isinstance(response, dict) else {}, answer)
    elif isinstance(event.get("response"), dict):
        answer.head = answer.head or _without_output(event["response"])
    return []


def said_in(value: Any) -> str:
    """All texts in an item of a kind that has no reading of its own, a line each; names and marks left out."""
    found: list[str] = []
    todo = [value]
    while todo:
        node = todo.pop()
        if isinstance(node, str):
            found.append(node)
        elif isinstance(node, dict):
            if node.get("type") in _UNREADABLE:
                raise UpstreamError("upstream's answer holds an image or sound, which cannot be judged", status=502)
            todo += [value for key, value in reversed(node.items()) if key not in _MARKS]
            todo += [key for key in reversed(node) if not _NAME.fullmatch(key)]
        elif isinstance(node, list):
            todo += reversed(node)
    return "\n".join(filter(None, found))


def _decode(raw: bytes) -> dict[str, Any]:
    try:
        body = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UpstreamError("upstream's answer cannot be read as a response", status=502) from error
    if not isinstance(body, dict):
        raise UpstreamError("upstream's answer cannot be read as a response", status=502)
    if body.get("error") is not None or body.get("status") == "failed":
        raise _failed(body)
    return body


def _failed(body: dict[str, Any]) -> UpstreamError:
    """Upstream's own error, which the API has in three places, in the envelope of an error."""
    response = body.get("response")
    found = response.get("error") if isinstance(response, dict) else body.get("error")
    if not isinstance(found, dict):
        found = {key: body.get(key) for key in ("message", "code", "param")}
    error = {"message": found.get("message") or "upstream failed", "type": found.get("type") or "server_error"}
    error |= {"param": found.get("param"), "code": found.get("code")}
    return UpstreamError("upstream answered with an error", status=502, body=msgspec.json.encode({"error": error}))


def _delta(event: dict[str, Any], field: Field, answer: Answer) -> list[Delta]:
    text = event.get("delta")
    if not isinstance(text, str):
        raise UpstreamError("upstream sent a delta without a text", status=502)
    index = _index(event, "summary_index" if field == "summary" else "content_index", missing=0)
    return _say(Slot(_index(event, "output_index"), field, index), text, answer)


def _say(slot: Slot, text: str, answer: Answer) -> list[Delta]:
    if not text:
        return []
    channel = answer.channels.get(slot)
    if channel is None:
        kind = _kind(slot, answer)
        number = sum(1 for other in answer.channels.values() if other.kind == kind)
        channel = answer.channels[slot] = Channel(0, kind, number)
        answer.texts[slot] = []
    answer.texts[slot].append(text)
    answer.said += len(text)
    return [Delta(channel, text)]


def _kind(slot: Slot, answer: Answer) -> ChannelKind:
    if slot.field == "whole":
        return "reasoning" if answer.items[slot.item].get("type") in _RUN_BY_UPSTREAM else "tool_call"
    return _KINDS[slot.field]


def _end(response: dict[str, Any], answer: Answer) -> list[Delta]:
    """The finished response object: what no event said of it is taken up now."""
    answer.head = _without_output(response) or answer.head
    usage = response.get("usage")
    answer.usage = usage if isinstance(usage, dict) else None
    answer.over = True
    output = response.get("output")
    deltas: list[Delta] = []
    for index, item in enumerate(output if isinstance(output, list) else []):
        if not isinstance(item, dict) or not isinstance(item.get("type"), str):
            raise UpstreamError("upstream's answer holds an item without a type", status=502)
        deltas += _take_item(index, item, answer)
    return deltas


def _take_item(index: int, item: dict[str, Any], answer: Answer) -> list[Delta]:
    """A finished item: its texts, as far as no delta brought them, and all that it says beside."""
    known = answer.items.get(index, item)
    if known.get("type") != item["type"] or known.get("name", item.get("name")) != item.get("name"):
        raise UpstreamError("upstream's answer calls one item by two names", status=502)
    answer.items[index] = item
    kind = item["type"]
    deltas: list[Delta] = []
    if kind == "message":
        for number, part in enumerate(_parts(item, "content")):
            field: Field = "refusal" if part.get("type") == "refusal" else "text"
            deltas += _rest(Slot(index, field, number), part.get(field), answer)
            if part.get("annotations"):
                deltas += _rest(Slot(index, "annotations", number), said_in(part["annotations"]), answer)
    elif kind == "reasoning":
        for number, part in enumerate(_parts(item, "summary")):
            deltas += _rest(Slot(index, "summary", number), part.get("text"), answer)
        for number, part in enumerate(_parts(item, "content")):
            deltas += _rest(Slot(index, "reasoning", number), part.get("text"), answer)
    elif kind in CALLS:
        _check_name(item)
        field = "arguments" if kind == "function_call" else "input"
        deltas += _rest(Slot(index, field), item.get(field), answer)
    else:
        deltas += _rest(Slot(index, "whole"), said_in(item), answer)
    return deltas


def _rest(slot: Slot, text: Any, answer: Answer) -> list[Delta]:
    """What of a text no delta brought. One that differs from its deltas is passed over: they are what is shown."""
    if not isinstance(text, str):
        raise UpstreamError("upstream's answer holds something other than text, which cannot be judged", status=502)
    said = answer.text(slot)
    return _say(slot, text[len(said) :], answer) if text.startswith(said) else []


def _parts(item: dict[str, Any], field: str) -> list[dict[str, Any]]:
    parts = item.get(field) or []
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise UpstreamError(f"upstream's answer has a {field} that is no list of parts", status=502)
    return parts


def _item(event: dict[str, Any]) -> dict[str, Any]:
    item = event.get("item")
    if not isinstance(item, dict) or not isinstance(item.get("type"), str):
        raise UpstreamError("upstream sent an item without a type", status=502)
    if item["type"] in CALLS:
        _check_name(item)
    if item["type"] in _UNREADABLE:
        raise UpstreamError("upstream's answer holds an image or sound, which cannot be judged", status=502)
    return item


def _check_name(item: dict[str, Any]) -> None:
    for field in ("name", "namespace"):
        name = item.get(field)
        if name is not None and not (isinstance(name, str) and _NAME.fullmatch(name)):
            raise UpstreamError("upstream's answer calls a tool by something that is not a name", status=502)


def _index(event: dict[str, Any], key: str, *, missing: int | None = None) -> int:
    index = event.get(key, missing)
    if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < _LARGEST_INDEX:
        raise UpstreamError(f"upstream sent an event without {key}", status=502)
    return index


def _without_output(response: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in response.items() if key not in ("output", "usage")}
