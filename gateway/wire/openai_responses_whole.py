"""A Responses answer in one piece: a delivered one with nothing in it that was not judged, or a refusal."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from ...guard.effects import Finish
from ...guard.prose import prose
from .openai_chat_whole import refusal_error
from .openai_responses_answer import CALLS, Answer
from .openai_responses_request import ResponsesRequest

_HEAD: Final = frozenset(
    [
        "background",
        "completed_at",
        "conversation",
        "created_at",
        "error",
        "id",
        "incomplete_details",
        "max_output_tokens",
        "max_tool_calls",
        "metadata",
        "model",
        "object",
        "parallel_tool_calls",
        "previous_response_id",
        "prompt",
        "prompt_cache_key",
        "prompt_cache_retention",
        "reasoning",
        "safety_identifier",
        "service_tier",
        "status",
        "store",
        "temperature",
        "text",
        "tool_choice",
        "tools",
        "top_logprobs",
        "top_p",
        "truncation",
        "user",
    ]
)
# What upstream repeats of the request: what the caller sent, not what a policy made of it.
_ECHOED: Final = ("metadata", "previous_response_id", "prompt", "text", "tools", "user")
_TEXT_PARTS: Final = {"output_text": "text", "summary_text": "text", "reasoning_text": "text", "refusal": "refusal"}
_PASSED: Final = frozenset(["call_id", "encrypted_content", "id"])


def delivered(
    answer: Answer,
    *,
    asked: ResponsesRequest,
    identity: str,
    usage: dict[str, Any] | None,
    text: str | None = None,
    appendix: str | None = None,
) -> bytes:
    """The answer with the usage of all rounds, encoded anew; fields that nothing judged are left out.

    `text` stands in for all that upstream's answer says; `appendix` goes beneath it.
    """
    if text is not None:
        output, status = [message_item(f"msg_{identity}", [text_part(text)])], "completed"
        closing: dict[str, Any] = {"status": status, "incomplete_details": None}
    else:
        output, closing = [judged_item(item) for _, item in sorted(answer.items.items())], {}
    if appendix is not None:
        output = _with_appendix(output, appendix, identity)
    return msgspec.json.encode(response_object(answer.head, asked, identity) | closing | _tail(output, usage))


def _with_appendix(output: list[dict[str, Any]], appendix: str, identity: str) -> list[dict[str, Any]]:
    """Beneath the text where the answer is one message at its end, else in a message of its own: as in a stream."""
    *rest, last = output or [{}]
    content = last.get("content") if last.get("type") == "message" else None
    if content and all(item.get("type") != "message" for item in rest) and content[0]["type"] == "output_text":
        if len(content) == 1:
            parts = [{**content[0], "text": f"{content[0]['text']}\n\n{appendix}"}]
        else:
            parts = [*content, text_part(f"\n\n{appendix}")]
        return [*rest, {**last, "content": parts}]
    return [*output, message_item(f"msg_{identity}", [text_part(f"\n\n{appendix}")])]


def refused(finish: Finish, *, asked: ResponsesRequest, identity: str, usage: dict[str, Any] | None) -> bytes:
    """A 200 with the status `incomplete` whose only message says no, or is there for a person at risk."""
    part = text_part(finish.message or "") if finish.delivery == "supported" else refusal_part(finish.message or "")
    output = [message_item(f"msg_{identity}", [part], status="incomplete")]
    return msgspec.json.encode(response_object({}, asked, identity) | STOPPED | _tail(output, usage))


def refused_as_error(finish: Finish) -> dict[str, Any]:
    """The envelope of the `error` style."""
    body = refusal_error(finish)
    body["error"]["param"] = None if finish.verdict.rounds else "input"
    return body


STOPPED: Final[dict[str, Any]] = {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}
"""How the API says that an answer was stopped for what it says."""


def response_object(head: Mapping[str, Any], asked: ResponsesRequest, identity: str) -> dict[str, Any]:
    """A response without output: upstream's, or one of ours where there is none, and the caller's own instructions."""
    body = asked.body
    own: dict[str, Any] = {
        "id": f"resp_{identity}",
        "object": "response",
        "created_at": int(time.time()),
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "max_output_tokens": body.get("max_output_tokens"),
        "model": body.get("model") or "",
        "parallel_tool_calls": body.get("parallel_tool_calls", True),
        "previous_response_id": None,
        "reasoning": body.get("reasoning") or {"effort": None, "summary": None},
        "store": body.get("store", True),
        "temperature": body.get("temperature", 1.0),
        "text": {"format": {"type": "text"}},
        "tool_choice": body.get("tool_choice", "auto"),
        "tools": [],
        "top_p": body.get("top_p", 1.0),
        "truncation": body.get("truncation", "disabled"),
        "metadata": {},
    }
    kept = {key: value for key, value in head.items() if key in _HEAD}
    echoed = {key: body[key] for key in _ECHOED if body.get(key) is not None}
    return own | kept | echoed | {"instructions": asked.instructions}


def message_item(identity: str, content: list[dict[str, Any]], *, status: str = "completed") -> dict[str, Any]:
    """A message of the assistant."""
    return {"id": identity, "type": "message", "status": status, "role": "assistant", "content": content}


def text_part(text: str) -> dict[str, Any]:
    """A text of a message."""
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def refusal_part(text: str) -> dict[str, Any]:
    """A refusal in a message."""
    return {"type": "refusal", "refusal": text}


def judged_item(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item with the fields that were judged, and those that hold no language."""
    kind = item.get("type")
    if kind == "message":
        return marks(item, {"content"}) | {"content": [_judged_part(part) for part in item.get("content") or []]}
    if kind == "reasoning":
        texts = {
            field: [_judged_part(part) for part in item[field]]
            for field in ("summary", "content")
            if field in item and item[field] is not None
        }
        return marks(item, {"summary", "content"}) | {"summary": []} | texts
    if isinstance(kind, str) and kind in CALLS:
        return marks(item, {CALLS[kind]}) | {CALLS[kind]: item.get(CALLS[kind], "")}
    return dict(item)


def marks(item: Mapping[str, Any], texts: set[str]) -> dict[str, Any]:
    """What an item says beside its texts, as far as that is no language."""
    return {
        key: value for key, value in item.items() if key not in texts and (key in _PASSED or not prose([key, value]))
    }


def estimated(answer: Answer) -> dict[str, Any]:
    """The usage of an answer of which upstream did not say it, at four characters a token, and marked as estimated."""
    asked, said = -(-answer.asked // 4), -(-answer.said // 4)
    return {"input_tokens": asked, "output_tokens": said, "total_tokens": asked + said, "estimated": True}


def usage_of(usage: Mapping[str, Any] | None) -> dict[str, Any]:
    """Usage with the details that clients read without asking whether they are there."""
    found = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0} | dict(usage or {})
    found.setdefault("input_tokens_details", {"cached_tokens": 0})
    found.setdefault("output_tokens_details", {"reasoning_tokens": 0})
    return found


def _tail(output: list[dict[str, Any]], usage: dict[str, Any] | None) -> dict[str, Any]:
    return {"output": output, "usage": usage_of(usage)}


def _judged_part(part: Mapping[str, Any]) -> dict[str, Any]:
    kind = str(part.get("type"))
    if kind not in _TEXT_PARTS:
        kind = "refusal" if "refusal" in part else "output_text"
    field = _TEXT_PARTS[kind]
    kept = {"type": kind, field: part.get(field, "")}
    if kind == "output_text":
        kept |= {"annotations": part.get("annotations") or [], "logprobs": part.get("logprobs") or []}
    return kept
