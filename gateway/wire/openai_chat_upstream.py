"""The body that goes to upstream: the caller's own, within the policy's bounds, guided and redacted."""

from __future__ import annotations

import msgspec

from ...guard.conversation import with_note
from ...guard.effects import Generate
from ...guard.places import masked
from ...guard.redact import in_conversation, masked_messages
from ...guard.reword import reworded
from ...policies.compile import CompiledPolicy
from ...policies.schema import Prefill
from .openai_chat_request import ChatRequest
from .sampling import bounded


def clamped(chat: ChatRequest, policy: CompiledPolicy) -> ChatRequest:
    """The request within the policy's sampling bounds; InputError where a bounded value is not a number.

    A temperature or top_p that is left out is set where the usual default would be over the bound.
    """
    sampling = policy.sampling
    body = {key: value for key, value in chat.body.items() if key not in sampling.drop}
    bounds = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        "n": sampling.n,
        "max_tokens": sampling.max_tokens,
        "max_completion_tokens": sampling.max_tokens,
    }
    body = bounded(body, bounds)
    if sampling.max_tokens is not None and body.get("max_tokens") is None and body.get("max_completion_tokens") is None:
        body["max_tokens"] = sampling.max_tokens
    return msgspec.structs.replace(chat, body=body, n=body.get("n") or 1, note=sampling.system)


def upstream_body(chat: ChatRequest, request: Generate, *, stream: bool, prefill: Prefill | None = None) -> bytes:
    """The JSON for one round; asks a stream for its usage, so that the caller's is true over all rounds.

    `prefill` is how upstream takes the start of an answer: as the last message, and for vLLM with its two switches.
    """
    body = dict(chat.body)
    if request.redact:
        body = masked(body, (path for path in request.redact if not in_conversation(path)))
        body["messages"] = masked_messages(body["messages"], filter(in_conversation, request.redact), request.cuts)
    if chat.note:
        body["messages"] = with_note(body["messages"], chat.note)
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
