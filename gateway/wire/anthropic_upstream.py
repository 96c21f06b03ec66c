"""The body of one round for an upstream that speaks Anthropic Messages: within bounds, guided and redacted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from ...guard.effects import Generate
from ...policies.compiled import CompiledPolicy
from ...policies.schema import Prefill
from .anthropic_masks import masked_request
from .dialect import Request
from .sampling import bounded


def clamped_messages(request: Request, policy: CompiledPolicy) -> Request:
    """The request within the policy's sampling bounds, with its system prompt; InputError for a value that is none."""
    sampling = policy.sampling
    body = {key: value for key, value in request.body.items() if key not in sampling.drop}
    thinks = isinstance(body.get("thinking"), dict) and body["thinking"].get("type") not in (None, "disabled")
    bounds = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        "max_tokens": sampling.max_tokens,
    }
    # A model that thinks samples in one way only: nothing is set for it that the caller did not set.
    body = bounded(body, {name: bound for name, bound in bounds.items() if not thinks or body.get(name) is not None})
    if sampling.max_tokens is not None and body.get("max_tokens") is None:
        body["max_tokens"] = sampling.max_tokens
    return msgspec.structs.replace(request, body=body, note=sampling.system)


def messages_body(request: Request, generate: Generate, *, stream: bool, prefill: Prefill | None) -> bytes:
    """The JSON for one round. The API draws one answer at a time, so `generate.n` is not for it."""
    return msgspec.json.encode({**_rewritten(request, generate), "stream": stream})


def count_body(request: Request, redact: Iterable[str]) -> bytes:
    """The JSON that asks for the number of tokens, of what upstream would see."""
    return msgspec.json.encode(_noted(request, masked_request(request.body, redact)))


def _rewritten(request: Request, generate: Generate) -> dict[str, Any]:
    body = masked_request(request.body, generate.redact) if generate.redact else dict(request.body)
    if generate.prompt is not None:
        body["messages"] = _reworded(body["messages"], generate.prompt)
    body = _noted(request, body)
    if generate.guidance:
        body["system"] = _with_note(body.get("system"), generate.guidance)
    turns = [{"role": role, "content": text} for role, text in generate.turns]
    if generate.prefix is not None:
        turns.append({"role": "assistant", "content": generate.prefix})
    body["messages"] = [*body["messages"], *turns]
    return body


def _noted(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "system": _with_note(body.get("system"), request.note)} if request.note else body


def _with_note(system: str | list[Any] | None, note: str) -> str | list[Any]:
    if isinstance(system, list):
        return [*system, {"type": "text", "text": note}]
    return f"{system}\n\n{note}" if system else note


def _reworded(messages: list[dict[str, Any]], prompt: str) -> list[dict[str, Any]]:
    """Another text in the last of the user's messages that has one; what else it holds stays before the text."""
    spoken = [index for index, message in enumerate(messages) if message.get("role") == "user" and _speaks(message)]
    if not spoken:
        return [*messages, {"role": "user", "content": prompt}]
    last, content = spoken[-1], messages[spoken[-1]]["content"]
    new: Any = prompt
    if isinstance(content, list):
        others = [block for block in content if block["type"] != "text"]
        new = [*others, {"type": "text", "text": prompt}]
    return [*messages[:last], {**messages[last], "content": new}, *messages[last + 1 :]]


def _speaks(message: dict[str, Any]) -> bool:
    content = message["content"]
    return isinstance(content, str) or any(block["type"] == "text" for block in content)
