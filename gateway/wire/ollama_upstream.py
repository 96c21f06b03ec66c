"""The body of one round for an Ollama server: within bounds, guided and redacted."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

import msgspec

from ...guard.conversation import with_note
from ...guard.effects import Generate
from ...guard.places import blanked, located
from ...guard.redact import MASK
from ...guard.reword import reworded
from ...policies.compiled import CompiledPolicy
from ...policies.schema import Prefill
from .dialect import Request
from .sampling import bounded


def clamped_ollama(request: Request, policy: CompiledPolicy) -> Request:
    """The request within the policy's sampling bounds, which Ollama has in `options`; InputError for a wrong value.

    A negative `num_predict` asks for no end, so it is over any bound.
    """
    sampling = policy.sampling
    body = {key: value for key, value in request.body.items() if key not in sampling.drop}
    options = {key: value for key, value in (body.get("options") or {}).items() if key not in sampling.drop}
    bounds = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        "num_predict": sampling.max_tokens,
    }
    options = bounded(options, bounds, where="options")
    most = sampling.max_tokens
    if most is not None and (options.get("num_predict") is None or options["num_predict"] < 0):
        options["num_predict"] = most
    if options:
        body["options"] = options
    return msgspec.structs.replace(request, body=body, note=sampling.system)


def ollama_body(request: Request, generate: Generate, *, stream: bool, prefill: Prefill | None) -> bytes:
    """The JSON for one round. Ollama draws one answer at a time, and goes on from an answer that stands last."""
    body = _masked(request.body, generate.redact) if generate.redact else dict(request.body)
    messages: list[Any] = body["messages"]
    if generate.prompt is not None:
        messages = reworded(messages, generate.prompt)
    if request.note:
        messages = with_note(messages, request.note)
    if generate.guidance:
        messages = with_note(messages, generate.guidance)
    messages = [*messages, *({"role": role, "content": text} for role, text in generate.turns)]
    if generate.prefix is not None:
        messages.append({"role": "assistant", "content": generate.prefix})
    return msgspec.json.encode({**body, "messages": messages, "stream": stream})


def _masked(body: dict[str, Any], paths: Iterable[str]) -> dict[str, Any]:
    """A copy in which every part at one of the paths is masked; an image is taken out.

    A path that leads nowhere is passed over: what it led to was taken out with what held it.
    """
    changed = copy.deepcopy(body)
    for path in paths:
        try:
            container, key = located(changed, path)
        except KeyError:
            continue
        if isinstance(key, int) and ".images[" in path:
            container[key] = None
        elif isinstance(key, int):
            container[key] = blanked(container[key])
        elif key == "arguments":
            container[key] = {}
        elif isinstance(container[key], str):
            container[key] = MASK
        else:
            del container[key]
    for message in changed["messages"]:
        if message.get("images"):
            message["images"] = [image for image in message["images"] if image is not None]
    return changed
