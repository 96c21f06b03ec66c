"""The body that goes to upstream: the caller's own, within the policy's bounds, guided and redacted."""

from __future__ import annotations

import copy
import re
from typing import Any, NamedTuple

import msgspec

from ...guard.conversation import with_note
from ...guard.effects import Generate
from ...guard.redact import MASK, in_conversation, masked_messages
from ...guard.reword import reworded
from ...models.errors import InputError
from ...policies.compile import CompiledPolicy
from ...policies.schema import Prefill
from .openai_chat_extras import is_prose
from .openai_chat_request import ChatRequest

_MESSAGE = re.compile(r"messages\[(\d+)\]\.(.+)", re.DOTALL)
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_DEFAULTS = {"temperature": 1.0, "top_p": 1.0}


class _Place(NamedTuple):
    container: Any
    key: Any


def clamped(chat: ChatRequest, policy: CompiledPolicy) -> ChatRequest:
    """The request within the policy's sampling bounds; InputError where a bounded value is not a number.

    A temperature or top_p that is left out is set where the usual default would be over the bound.
    """
    sampling = policy.sampling
    body = {key: value for key, value in chat.body.items() if key not in sampling.drop}
    for field, bound in (
        ("temperature", sampling.temperature),
        ("top_p", sampling.top_p),
        ("top_k", sampling.top_k),
        ("n", sampling.n),
        ("max_tokens", sampling.max_tokens),
        ("max_completion_tokens", sampling.max_tokens),
    ):
        if bound is not None:
            _clamp(body, field, bound)
    if sampling.max_tokens is not None and body.get("max_tokens") is None and body.get("max_completion_tokens") is None:
        body["max_tokens"] = sampling.max_tokens
    if sampling.system:
        body["messages"] = with_note(body["messages"], sampling.system)
    return msgspec.structs.replace(chat, body=body, n=body.get("n") or 1)


def upstream_body(chat: ChatRequest, request: Generate, *, stream: bool, prefill: Prefill | None = None) -> bytes:
    """The JSON for one round; asks a stream for its usage, so that the caller's is true over all rounds.

    `prefill` is how upstream takes the start of an answer: as the last message, and for vLLM with its two switches.
    """
    body = dict(chat.body)
    if request.redact:
        body = copy.deepcopy(body)
        body["messages"] = masked_messages(body["messages"], filter(in_conversation, request.redact))
        for path in request.redact:
            if not in_conversation(path):
                _mask(body, path)
    if request.prompt is not None:
        body["messages"] = reworded(body["messages"], request.prompt)
    if request.guidance:
        body["messages"] = with_note(body["messages"], request.guidance)
    if request.turns:
        body["messages"] = [*body["messages"], *({"role": role, "content": text} for role, text in request.turns)]
    if request.prefix is not None:
        body["messages"] = [*body["messages"], {"role": "assistant", "content": request.prefix}]
        if prefill == "vllm":
            body |= {"continue_final_message": True, "add_generation_prompt": False}
    if request.n is not None:
        body["n"] = request.n
    body.pop("stream", None)
    body.pop("stream_options", None)
    if stream:
        body["stream"] = True
        body["stream_options"] = {"include_usage": True}
    return msgspec.json.encode(body)


def _clamp(body: dict[str, Any], field: str, bound: float) -> None:
    value = body.get(field)
    if value is None:
        if _DEFAULTS.get(field, bound) > bound:
            body[field] = bound
    elif not isinstance(value, (int, float)) or isinstance(value, bool):
        raise InputError(f"'{field}' must be a number, at most {bound}", param=field)
    elif value > bound:
        body[field] = bound


def _mask(body: dict[str, Any], path: str) -> None:
    """Put a placeholder where a part outside of the conversation stands; a tool keeps its shape."""
    node, last = _locate(body, path)
    if isinstance(last, int):
        node[last] = _blank(node[last])
    elif isinstance(node[last], str):
        node[last] = MASK
    else:
        del node[last]


def _locate(body: dict[str, Any], path: str) -> _Place:
    """The container and key of a path. A field's name may hold dots and brackets, so whole names are tried first."""
    if path in body:
        return _Place(body, path)
    if (message := _MESSAGE.fullmatch(path)) and message[2] in body["messages"][int(message[1])]:
        return _Place(body["messages"][int(message[1])], message[2])
    steps = [name or int(number) for name, number in _STEP.findall(path)]
    node: Any = body
    for step in steps[:-1]:
        node = node[step]
    return _Place(node, steps[-1])


def _blank(value: Any) -> Any:
    """The same shape with all language in it masked: a tool stays a tool."""
    if isinstance(value, dict):
        return {_blank(key): _blank(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_blank(item) for item in value]
    return MASK if isinstance(value, str) and is_prose(value) else value
