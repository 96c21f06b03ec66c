"""What a caller of Ollama's dialect gets: lines as texts are released, or one object."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from ...guard.effects import Finish, Release
from ...models.errors import HeadgateError
from ..errors import Failure, failure, internal
from .dialect import Outcome, Request
from .ollama_answer import Answer, Call

_FIELDS: Final = {"content": "content", "reasoning": "thinking"}
REFUSED: Final = "content_filter"
"""The `done_reason` of what the policy held back; Ollama has no word of its own for it."""
SILENT: Final = (
    b'{"model":"","created_at":"1970-01-01T00:00:00Z","message":{"role":"assistant","content":""},"done":false}\n'
)
"""A line that says nothing, while a stream is silent: clients read every line as JSON, so it cannot be empty."""


class ChatLines:
    """Writes one stream, a line for each released text; tool calls and the ending come last."""

    def __init__(self, request: Request, identity: str) -> None:
        self._request = request
        self._head: dict[str, Any] | None = None

    def release(self, release: Release, answer: Answer) -> bytes:
        """A text that may be shown; a tool's call waits for the end, for its arguments leave as an object."""
        field = _FIELDS.get(release.channel.kind)
        if field is None:
            return b""
        self._adopt(answer)
        return self._line({"content": "", field: release.text})

    def finish(self, finish: Finish, answer: Answer | None, usage: dict[str, Any] | None) -> bytes:
        """The calls of a delivered answer or why there is no more, and the last line, with the verdict."""
        self._adopt(answer)
        lines, reason = b"", REFUSED
        if finish.delivery != "delivered":
            lines = self._line({"content": finish.message or ""})
        elif finish.text is not None:
            reason = "stop"
        elif answer is not None:
            reason = answer.done_reason or "stop"
            if answer.calls:
                lines = self._line({"content": "", "tool_calls": [_shown(call) for call in answer.calls]})
        return lines + self._line({"content": ""}, **_end(finish, answer, reason, usage))

    def error(self, found: Failure) -> bytes:
        """An error inside a stream."""
        return found.body + b"\n"

    def _adopt(self, answer: Answer | None) -> None:
        if self._head is None:
            self._head = head_of(self._request, answer)

    def _line(self, message: dict[str, Any], **more: Any) -> bytes:
        line = {**(self._head or {}), "message": {"role": "assistant", **message}, "done": False, **more}
        return msgspec.json.encode(line) + b"\n"


def whole_chat(outcome: Outcome[Request, Answer]) -> bytes:
    """The answer in one object, made anew of what was judged."""
    finish, answer = outcome.finish, outcome.answer
    message: dict[str, Any] = {"role": "assistant", "content": finish.message or ""}
    reason = REFUSED
    if finish.delivery == "delivered" and answer is not None:
        reason = "stop" if finish.text is not None else answer.done_reason or "stop"
        message["content"] = _content(finish, answer)
        if finish.text is None and (thinking := answer.text("thinking")):
            message["thinking"] = thinking
        if finish.text is None and answer.calls:
            message["tool_calls"] = [_shown(call) for call in answer.calls]
    body = {**head_of(outcome.request, answer), "message": message, **_end(finish, answer, reason, outcome.usage)}
    return msgspec.json.encode(body)


def head_of(request: Request, answer: Answer | None) -> dict[str, Any]:
    """The first fields of an answer: upstream's model and time where one came."""
    head = answer.head if answer is not None else {}
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return {"model": head.get("model") or request.body.get("model") or "", "created_at": head.get("created_at") or now}


def ollama_failure(error: HeadgateError | None) -> Failure:
    """The status and body that say what happened; None is a fault of ours."""
    found = internal() if error is None else failure(error)
    said = msgspec.json.decode(found.body)["error"]
    words = said.get("message") if isinstance(said, dict) else said
    body = msgspec.json.encode({"error": words if isinstance(words, str) and words else str(error)})
    return Failure(status=found.status, body=body, headers=found.headers, kind=found.kind)


def ollama_blocked(finish: Finish) -> Failure:
    """A refusal as an error, for policies that want it so."""
    return Failure(status=400, body=msgspec.json.encode({"error": finish.message}), kind="blocked")


def _content(finish: Finish, answer: Answer) -> str:
    said = answer.text("content") if finish.text is None else finish.text
    return "\n\n".join(text for text in (said, finish.appendix) if text)


def _end(finish: Finish, answer: Answer | None, reason: str, usage: dict[str, Any] | None) -> dict[str, Any]:
    durations = answer.durations if answer is not None else {}
    end = {"done": True, "done_reason": reason, **durations, **(usage or {})}
    return {**end, "headgate": msgspec.Raw(finish.verdict.to_json())}


def _shown(call: Call) -> dict[str, Any]:
    named = {"id": call.id} if call.id is not None else {}
    return {**named, "function": {"name": call.name, "arguments": call.arguments}}
