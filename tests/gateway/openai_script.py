"""What OpenAI's other routes answer, as bytes for `Reply.raw`: responses and completions, whole and as a stream."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..upstream import Reply

Item = dict[str, Any]

USAGE = {
    "input_tokens": 10,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": 5,
    "output_tokens_details": {"reasoning_tokens": 2},
    "total_tokens": 15,
}
SEARCH: Item = {
    "id": "ws_1",
    "type": "web_search_call",
    "status": "completed",
    "action": {"type": "search", "query": "how bread is baked"},
}
"""A search that upstream ran itself."""
EVENTS = {"Content-Type": "text/event-stream"}
_TEXTS = {
    "output_text": ("response.output_text", "text", "response.content_part", "content_index"),
    "refusal": ("response.refusal", "refusal", "response.content_part", "content_index"),
    "reasoning_text": ("response.reasoning_text", "text", "response.content_part", "content_index"),
    "summary_text": ("response.reasoning_summary_text", "text", "response.reasoning_summary_part", "summary_index"),
}
_CALLS = {
    "function_call": ("response.function_call_arguments", "arguments"),
    "custom_tool_call": ("response.custom_tool_call_input", "input"),
}


def said(*texts: str, number: int = 1, **more: Any) -> Item:
    """A message of the assistant."""
    content = [{"type": "output_text", "text": text, "annotations": [], "logprobs": []} for text in texts]
    return {
        "id": f"msg_{number}",
        "type": "message",
        "status": "completed",
        "role": "assistant",
        "content": content,
        **more,
    }


def thought(*texts: str, number: int = 1, **more: Any) -> Item:
    """A reasoning item with its summary."""
    return {
        "id": f"rs_{number}",
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": text} for text in texts],
        **more,
    }


def called(arguments: str, number: int = 1, **more: Any) -> Item:
    """A function call."""
    return {
        "id": f"fc_{number}",
        "type": "function_call",
        "status": "completed",
        "call_id": f"call_{number}",
        "name": "look_up",
        "arguments": arguments,
        **more,
    }


def response(output: Sequence[Item], **more: Any) -> dict[str, Any]:
    """A response object."""
    return {
        "id": "resp_up1",
        "object": "response",
        "created_at": 1760000000,
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "instructions": "what upstream was told",
        "model": "scripted",
        "output": list(output),
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "temperature": 1.0,
        "top_p": 1.0,
        "usage": USAGE,
        "metadata": {},
        **more,
    }


def responses(*output: Item, stream: bool = False, chunk: int = 7, **more: Any) -> Reply:
    """The reply that holds these items."""
    whole = response(output, **more)
    if not stream:
        return Reply(raw=json.dumps(whole).encode())
    return Reply(raw=b"".join(frame(event) for event in events(whole, chunk=chunk)), headers=EVENTS)


def frame(event: Mapping[str, Any]) -> bytes:
    """One event of a stream."""
    return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()


def events(whole: Mapping[str, Any], *, chunk: int = 7) -> list[dict[str, Any]]:
    """The events of a response, numbered, its texts in pieces of `chunk` characters."""
    started = {**whole, "status": "in_progress", "output": [], "usage": None, "incomplete_details": None}
    kind = whole["status"]
    found = [
        {"type": "response.created", "response": started},
        {"type": "response.in_progress", "response": started},
        *(event for index, item in enumerate(whole["output"]) for event in _item(item, index, chunk)),
        {"type": f"response.{kind}", "response": whole},
    ]
    return [{**event, "sequence_number": number} for number, event in enumerate(found)]


def _item(item: Item, index: int, chunk: int) -> Iterator[dict[str, Any]]:
    fields = ("content", "summary")
    bare = {key: [] if key in fields else value for key, value in item.items() if key != "encrypted_content"}
    if "status" in bare:
        bare["status"] = "in_progress"
    where = {"item_id": item["id"], "output_index": index}
    if item["type"] in _CALLS:
        event, field = _CALLS[item["type"]]
        yield {"type": "response.output_item.added", "output_index": index, "item": {**bare, field: ""}}
        for piece in _pieces(item[field], chunk):
            yield {"type": f"{event}.delta", **where, "delta": piece}
        yield {"type": f"{event}.done", **where, field: item[field]}
    else:
        yield {"type": "response.output_item.added", "output_index": index, "item": bare}
        for held in fields:
            for number, part in enumerate(item.get(held) or ()):
                yield from _part(part, number, where, chunk)
    yield {"type": "response.output_item.done", "output_index": index, "item": item}


def _part(part: dict[str, Any], number: int, where: dict[str, Any], chunk: int) -> Iterator[dict[str, Any]]:
    event, field, opening, index = _TEXTS[part["type"]]
    here = {**where, index: number}
    more = {"logprobs": []} if part["type"] == "output_text" else {}
    bare = {**part, field: ""} | ({"annotations": []} if "annotations" in part else {})
    yield {"type": f"{opening}.added", **here, "part": bare}
    for piece in _pieces(part[field], chunk):
        yield {"type": f"{event}.delta", **here, "delta": piece, **more}
    yield {"type": f"{event}.done", **here, field: part[field], **more}
    for place, annotation in enumerate(part.get("annotations") or ()):
        yield {
            "type": "response.output_text.annotation.added",
            **here,
            "annotation_index": place,
            "annotation": annotation,
        }
    yield {"type": f"{opening}.done", **here, "part": part}


def _pieces(text: str, size: int) -> list[str]:
    return re.findall(f"(?s).{{1,{size}}}", text)


def completions(*texts: str, stream: bool = False, chunk: int = 7, reason: str = "stop") -> Reply:
    """The reply that holds these completions."""
    head = {"id": "cmpl-up1", "object": "text_completion", "created": 1760000000, "model": "scripted"}
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}

    def choice(index: int, text: str, finish_reason: str | None) -> dict[str, Any]:
        return {"index": index, "text": text, "logprobs": None, "finish_reason": finish_reason}

    if not stream:
        choices = [choice(index, text, reason) for index, text in enumerate(texts)]
        return Reply(raw=json.dumps({**head, "choices": choices, "usage": usage}).encode())
    chunks = [choice(index, piece, None) for index, text in enumerate(texts) for piece in _pieces(text, chunk)]
    chunks += [choice(index, "", reason) for index in range(len(texts))]
    bodies = [{**head, "choices": [found]} for found in chunks] + [{**head, "choices": [], "usage": usage}]
    data = b"".join(b"data: " + json.dumps(body).encode() + b"\n\n" for body in bodies)
    return Reply(raw=data + b"data: [DONE]\n\n", headers=EVENTS)
