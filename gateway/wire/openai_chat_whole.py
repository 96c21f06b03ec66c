"""What a caller gets in one piece: a delivered answer, or a refusal in OpenAI's or Azure's shape."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from ...guard.effects import Finish
from ...models.crosswalk import exported
from ...policies.verdict import Finding, Verdict
from .openai_chat_answer import Answer

_CHOICE_FIELDS: Final = frozenset(
    ["index", "message", "finish_reason", "logprobs", "stop_reason", "matched_stop", "content_filter_results"]
)
_MESSAGE_FIELDS: Final = frozenset(
    ["role", "content", "refusal", "reasoning_content", "reasoning", "tool_calls", "function_call"]
)
_WORDS: Final = ("safe", "low", "medium", "high")
_CALL_FIELDS: Final = frozenset(["id", "type", "index", "function", "custom"])
_AZURE: Final = {"Hate": "hate", "SelfHarm": "self_harm", "Sexual": "sexual", "Violence": "violence"}


def delivered(
    answer: Answer,
    *,
    choice: int | None,
    usage: dict[str, Any] | None,
    text: str | None = None,
    appendix: str | None = None,
) -> bytes:
    """The answer with the usage of all rounds; of several candidates the chosen one alone.

    Fields of a message that nothing judged are left out. It is encoded anew, so that what was judged is what is read.
    `text` stands in for what upstream's only choice says, reasoning included; `appendix` goes beneath every choice.
    """
    body = msgspec.json.decode(answer.raw)
    if text is not None:
        message = {"role": "assistant", "content": text, "refusal": None}
        body["choices"] = [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}]
    if choice is not None:
        kept = next(found for found in body["choices"] if found.get("index", 0) == choice)
        body["choices"] = [{**kept, "index": 0}]
    body["choices"] = [_judged_fields(found) for found in body["choices"]]
    if appendix is not None:
        body["choices"] = [_with_appendix(found, appendix) for found in body["choices"]]
    if usage is not None:
        body["usage"] = usage
    return msgspec.json.encode(body)


def _with_appendix(choice: dict[str, Any], appendix: str) -> dict[str, Any]:
    said = choice["message"].get("content")
    content = f"{said}\n\n{appendix}" if said else appendix
    return {**choice, "message": {**choice["message"], "content": content}}


def refused(finish: Finish, *, identity: str, head: dict[str, Any], n: int, usage: dict[str, Any] | None) -> bytes:
    """A 200 whose every choice says no: `message.refusal`, or for a person at risk `message.content`."""
    key = "content" if finish.delivery == "supported" else "refusal"
    message = {"role": "assistant", "content": None, "refusal": None, key: finish.message}
    body = {
        "id": head.get("id") or f"chatcmpl-{identity}",
        "object": "chat.completion",
        "created": head.get("created") or int(time.time()),
        "model": head.get("model") or "",
        "choices": [
            {"index": index, "message": message, "logprobs": None, "finish_reason": "content_filter"}
            for index in range(n)
        ],
        "usage": usage or {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
    }
    return msgspec.json.encode(body)


def refusal_error(finish: Finish) -> dict[str, Any]:
    """The envelope of the `error` style, which handlers written for Azure OpenAI understand."""
    prompt = not finish.verdict.rounds
    return {
        "error": {
            "message": finish.message,
            "type": "invalid_request_error",
            "param": "messages" if prompt else None,
            "code": "content_filter",
            "status": 400,
            "innererror": {
                "code": "ResponsibleAIPolicyViolation",
                "content_filter_result": filter_result(finish.verdict.findings),
            },
        }
    }


def filter_result(findings: Iterable[Finding]) -> dict[str, Any]:
    """Azure's four categories and its jailbreak shield, with the worst severity of each in Azure's words.

    A category of ours that Azure has no word for stands beside them under its own name.
    """
    worst = dict.fromkeys(_AZURE.values(), 0)
    attacked = False
    for finding in findings:
        attacked = attacked or finding.category == "prompt_attack"
        for name in exported("AZ", finding.category).primary or (finding.category,):
            key = _AZURE.get(name, name)
            worst[key] = max(worst.get(key, 0), int(finding.severity))
    result: dict[str, Any] = {key: {"filtered": level > 0, "severity": _WORDS[level]} for key, level in worst.items()}
    return result | {"jailbreak": {"filtered": attacked, "detected": attacked}}


def summed(usages: Iterable[dict[str, Any] | None]) -> dict[str, Any] | None:
    """The usage of all rounds together, for that is what was billed; None where upstream never says."""
    total: dict[str, Any] | None = None
    for usage in usages:
        if usage is not None:
            total = dict(usage) if total is None else _added(total, usage)
    return total


def estimated(answer: Answer) -> dict[str, Any]:
    """The usage of an answer of which upstream did not say it, at four characters a token, and marked as estimated.

    So it is with streams that were cut: their usage would have come last.
    """
    asked, said = -(-answer.asked // 4), -(-answer.said // 4)
    return {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said, "estimated": True}


def verdict_comment(verdict: Verdict) -> bytes:
    """The verdict as the text of an SSE comment."""
    return b"headgate " + verdict.to_json()


def _added(total: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    result = dict(total)
    for key, value in more.items():
        old = result.get(key)
        if isinstance(value, dict) and isinstance(old, dict):
            result[key] = _added(old, value)
        elif isinstance(value, bool) and isinstance(old, bool):
            result[key] = value or old
        elif isinstance(value, (int, float)) and isinstance(old, (int, float)) and not isinstance(value, bool):
            result[key] = old + value
        else:
            result[key] = value if old is None else old
    return result


def _judged_fields(choice: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in choice.items() if key in _CHOICE_FIELDS}
    message = {key: value for key, value in choice["message"].items() if key in _MESSAGE_FIELDS}
    if isinstance(message.get("content"), list):
        message["content"] = "".join(segment["text"] for segment in message["content"])
    if message.get("tool_calls"):
        message["tool_calls"] = [
            {key: value for key, value in call.items() if key in _CALL_FIELDS} for call in message["tool_calls"]
        ]
    return kept | {"message": message}
