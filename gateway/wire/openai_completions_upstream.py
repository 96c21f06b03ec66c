"""The body that goes to upstream's completions: the caller's own, within the policy's bounds, guided and redacted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from ...guard.effects import Generate
from ...guard.places import located, masked
from ...guard.redact import MASK
from ...policies.compiled import CompiledPolicy
from ...policies.schema import Prefill
from .openai_completions_request import CompletionsRequest
from .sampling import bounded


def clamped(asked: CompletionsRequest, policy: CompiledPolicy) -> CompletionsRequest:
    """The request within the policy's sampling bounds; InputError where a bounded value is not a number."""
    sampling = policy.sampling
    body = {key: value for key, value in asked.body.items() if key not in sampling.drop}
    bounds = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        "n": sampling.n,
        "best_of": sampling.n,
        "max_tokens": sampling.max_tokens,
    }
    body = bounded(body, bounds)
    if sampling.max_tokens is not None and body.get("max_tokens") is None:
        body["max_tokens"] = sampling.max_tokens
    each = body.get("n") or 1
    return msgspec.structs.replace(asked, body=body, each=each, n=each * len(asked.prompts), note=sampling.system)


def upstream_body(
    asked: CompletionsRequest, request: Generate, *, stream: bool, prefill: Prefill | None = None
) -> bytes:
    """The JSON for one round: a note goes before each prompt, turns and the start of an answer after it.

    Token ids stay as they are. An echo is ours to make, as upstream's would hold the note, unless the caller wants its
    probabilities: then upstream makes it, and nothing is added to a prompt.
    """
    body = _masked(asked.body, request.redact) if request.redact else dict(asked.body)
    if body.get("logprobs") is None:
        body.pop("echo", None)
    if not body.get("echo"):
        if request.prompt is not None and len(asked.prompts) == 1:
            body["prompt"] = request.prompt
        body["prompt"] = _each(body["prompt"], lambda text: _around(text, request))
    if asked.note:
        body["prompt"] = _each(body["prompt"], lambda text: f"{asked.note}\n\n{text}")
    if request.n is not None and len(asked.prompts) == 1:
        body["n"] = request.n
        body.pop("best_of", None)
    body.pop("stream", None)
    body.pop("stream_options", None)
    if stream:
        body["stream"] = True
        body["stream_options"] = {"include_usage": True}
    return msgspec.json.encode(body)


def _around(text: str, request: Generate) -> str:
    before = [request.guidance] if request.guidance else []
    whole = "\n\n".join([*before, text, *(said for _, said in request.turns)])
    return whole + (request.prefix or "")


def _each(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    return [change(prompt) if isinstance(prompt, str) else prompt for prompt in value]


def _masked(body: dict[str, Any], paths: Iterable[str]) -> dict[str, Any]:
    changed = masked(body, [path for path in paths if not path.startswith("prompt")])
    for path in (path for path in paths if path.startswith("prompt")):
        container, key = located(changed, path)
        container[key] = MASK
    return changed
