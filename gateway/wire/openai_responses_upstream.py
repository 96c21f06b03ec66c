"""The body that goes to upstream's Responses API: the caller's own, within the policy's bounds, guided and redacted."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from ...guard.effects import Generate
from ...guard.places import blanked, located
from ...guard.redact import MASK
from ...policies.compiled import CompiledPolicy
from ...policies.schema import Prefill
from .openai_responses_items import TEXTS
from .openai_responses_request import ResponsesRequest
from .sampling import bounded

# Neither of these can stand for anything but what it names.
_TAKEN_OUT: Final = frozenset(["conversation", "encrypted_content", "previous_response_id", "prompt"])


def clamped(asked: ResponsesRequest, policy: CompiledPolicy) -> ResponsesRequest:
    """The request within the policy's sampling bounds; InputError where a bounded value is not a number."""
    sampling = policy.sampling
    body = {key: value for key, value in asked.body.items() if key not in sampling.drop}
    bounds = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        "max_output_tokens": sampling.max_tokens,
    }
    body = bounded(body, bounds)
    if sampling.max_tokens is not None and body.get("max_output_tokens") is None:
        body["max_output_tokens"] = sampling.max_tokens
    return msgspec.structs.replace(asked, body=body, note=sampling.system)


def upstream_body(asked: ResponsesRequest, request: Generate, *, stream: bool, prefill: Prefill | None = None) -> bytes:
    """The JSON for one round. The API draws one answer at a time and continues none: `n` and `prefix` are unused."""
    body = dict(asked.body)
    if request.redact:
        body = _masked(body, request.redact)
    if request.prompt is not None:
        body["input"] = reworded(body.get("input"), request.prompt)
    for note in (asked.note, request.guidance):
        if note:
            body["instructions"] = _noted(body.get("instructions"), note)
    if request.turns:
        turns = [{"role": role, "content": text} for role, text in request.turns]
        body["input"] = [*_as_items(body.get("input")), *turns]
    body.pop("stream", None)
    if stream:
        body["stream"] = True
    else:
        body.pop("stream_options", None)
    return msgspec.json.encode(body)


def reworded(value: Any, prompt: str) -> Any:
    """The input with another text in the last of the user's messages; what else that holds, images say, stays."""
    if not isinstance(value, list):
        return prompt
    last = max((index for index, item in enumerate(value) if item.get("role") == "user"), default=None)
    if last is None:
        return [*value, {"role": "user", "content": prompt}]
    content: Any = prompt
    if isinstance(value[last].get("content"), list):
        others = [piece for piece in value[last]["content"] if piece.get("type") not in TEXTS]
        content = [{"type": "input_text", "text": prompt}, *others]
    return [*value[:last], {**value[last], "content": content}, *value[last + 1 :]]


def _noted(instructions: str | None, note: str) -> str:
    return f"{instructions}\n\n{note}" if instructions else note


def _as_items(value: Any) -> Sequence[Any]:
    if isinstance(value, str):
        return [{"role": "user", "content": value}]
    return value or []


def _masked(body: dict[str, Any], paths: Iterable[str]) -> dict[str, Any]:
    changed = copy.deepcopy(body)
    gone: list[Any] = []
    for path in paths:
        try:
            container, key = located(changed, path)
        except KeyError:
            continue  # It went with what held it.
        if key == "type":
            gone.append(container)
        elif key == "id":
            container.clear()
            container.update(role="user", content=MASK)
        elif key in _TAKEN_OUT:
            del container[key]
        else:
            _mask(container, key)
    if gone:
        changed["tools"] = [tool for tool in changed["tools"] if not any(tool is one for one in gone)]
    return changed


def _mask(container: Any, key: Any) -> None:
    """Put a placeholder where a part stands, in a shape that the API takes there."""
    value = container[key]
    kind = value.get("type") if isinstance(value, Mapping) else None
    if isinstance(value, str):
        container[key] = "{}" if key == "arguments" else MASK
    elif kind in TEXTS:
        container[key] = {"type": kind, TEXTS[kind]: MASK}
    elif isinstance(kind, str) and (kind.startswith("input_") or kind == "computer_screenshot"):
        container[key] = {"type": "input_text", "text": MASK}
    elif isinstance(key, int):
        container[key] = _without_files(blanked(value))
    else:
        del container[key]


def _without_files(item: Any) -> Any:
    """An item whose content nobody could read is a note that something was there."""
    return {"role": "user", "content": MASK} if "result" in item or item.get("type") == "compaction" else item
