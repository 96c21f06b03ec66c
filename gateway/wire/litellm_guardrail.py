"""LiteLLM's generic guardrail API: texts and messages in, a block or their replacements out.

Source: `litellm/proxy/guardrails/guardrail_hooks/generic_guardrail_api` of LiteLLM 1.106.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal, get_args

import msgspec

from ...guard.beside import call_parts
from ...guard.conversation import arguments_of, parts_of, with_note
from ...guard.effects import Finish
from ...guard.guidelines import guidance
from ...guard.redact import MASK, in_conversation, masked_messages, redacted
from ...guard.stream import SentenceGate
from ...models.content import Image, Part, Purpose, Role, Text
from ...models.errors import InputError
from ...policies.compiled import CompiledPolicy
from ...policies.verdict import Action
from .json_body import decode_object
from .openai_chat_extras import extra_parts
from .openai_chat_request import MOST_PARTS

_PASSES: Final[dict[str, Any]] = {"action": "NONE"}
_BLOCKED: Final = "This content was held back by the safety policy."


class GuardrailRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What LiteLLM asks about: a request (`parts`), or an answer (`responses`, and what was `made` beside text).

    `slots` are the paths of the parts in which `texts` stand, in the same order; `messages` is the conversation where
    LiteLLM gave it.
    """

    kind: Literal["request", "response"]
    texts: tuple[str, ...]
    slots: tuple[str, ...]
    messages: tuple[dict[str, Any], ...] = ()
    parts: tuple[Part, ...] = ()
    responses: tuple[dict[str, Any], ...] = ()
    made: tuple[Part, ...] = ()


def parse_guardrail(raw: bytes) -> GuardrailRequest:
    """The question in `raw`; raises InputError that names the field."""
    body = decode_object(raw)
    kind = body.get("input_type")
    if kind not in ("request", "response"):
        raise InputError('\'input_type\' must be "request" or "response"', param="input_type")
    texts = tuple(_list(body, "texts", str))
    images = tuple(_list(body, "images", str))
    calls = tuple(_list(body, "tool_calls", dict))
    messages = _list(body, "structured_messages", dict)
    purpose = _purpose(body)
    if len(texts) + len(images) + len(calls) > MOST_PARTS:
        raise InputError(f"more than {MOST_PARTS} texts, images and tool calls", param="texts")
    if kind == "response":
        return _response(texts, images, calls, purpose)
    return _request(body, messages, texts, images, calls, purpose)


def reply(asked: GuardrailRequest, finish: Finish, policy: CompiledPolicy) -> bytes:
    """The answer: NONE, BLOCKED with a reason that quotes nothing, or GUARDRAIL_INTERVENED with what stands in.

    A guideline for the model goes into the messages, where LiteLLM gave them. Under `mode: monitor` it is always NONE.
    """
    held = {"stream_holdback_chars": _held(asked, policy)} if asked.kind == "response" else {}
    if policy.mode != "enforce":
        return msgspec.json.encode(_PASSES)
    masks = redacted(finish.verdict)
    stopped = finish.delivery != "delivered" and not (finish.verdict.action is Action.REDACT and masks)
    if stopped or not all(_maskable(asked, path) for path in masks):
        return msgspec.json.encode({"action": "BLOCKED", "blocked_reason": finish.message or _BLOCKED})
    changed = _changed(asked, finish, policy, masks)
    return msgspec.json.encode((changed or _PASSES) | held)


def _request(
    body: dict[str, Any],
    messages: list[dict[str, Any]],
    texts: Sequence[str],
    images: Sequence[str],
    calls: Sequence[dict[str, Any]],
    purpose: Purpose,
) -> GuardrailRequest:
    extras = extra_parts({"messages": messages, "tools": body.get("tools")})
    known = [*parts_of(messages, purpose=purpose), *extras]
    slots: list[str] = []
    free = [part for part in known if isinstance(part, Text) and ".content" in part.path]
    for index, text in enumerate(texts):
        # LiteLLM takes the texts out of the messages in their order, so the first that is equal is the one.
        found = next((part for part in free if part.text == text), None)
        if found is None:
            found = Text(text=text, path=f"texts[{index}]", purpose=purpose)
            known.append(found)
        else:
            free.remove(found)
        slots.append(found.path)
    parts = (*known, *_others(known, images, calls, purpose))
    if len(parts) > MOST_PARTS:
        raise InputError(f"more than {MOST_PARTS} parts", param="structured_messages")
    return GuardrailRequest(
        kind="request", texts=tuple(texts), slots=tuple(slots), messages=tuple(messages), parts=parts
    )


def _others(
    known: Sequence[Part], images: Sequence[str], calls: Sequence[dict[str, Any]], purpose: Purpose
) -> Iterator[Part]:
    """Images and tool calls that no message holds."""
    urls = {part.url for part in known if isinstance(part, Image)}
    said = {part.text for part in known if isinstance(part, Text) and part.role is Role.TOOL_CALL}
    for index, url in enumerate(images):
        if url not in urls:
            yield Image(url=url, path=f"images[{index}]", purpose=purpose)
    for index, call in enumerate(calls):
        path = f"tool_calls[{index}]"
        if (arguments := arguments_of(call, path)) not in said:
            yield Text(text=arguments, role=Role.TOOL_CALL, path=f"{path}.arguments", purpose=purpose)
        yield from (part for part in _beside(call, path, purpose) if part.text not in said)


def _response(
    texts: Sequence[str], images: Sequence[str], calls: Sequence[dict[str, Any]], purpose: Purpose
) -> GuardrailRequest:
    responses: list[dict[str, Any]] = [{"content": text} for text in texts]
    made: list[Part] = [
        Image(url=url, role=Role.ASSISTANT, path=f"images[{i}]", purpose=purpose) for i, url in enumerate(images)
    ]
    beside = 0
    if calls:
        for index, call in enumerate(calls):
            arguments_of(call, f"tool_calls[{index}]")
            beside += sum(1 for _ in call_parts(call, f"tool_calls[{index}]"))
        responses = responses or [{}]
        responses[0]["tool_calls"] = list(calls)
    if len(texts) + len(calls) + len(made) + beside > MOST_PARTS:
        raise InputError(f"more than {MOST_PARTS} parts", param="texts")
    slots = tuple(f"response[{index}].content" for index in range(len(texts)))
    return GuardrailRequest(
        kind="response", texts=tuple(texts), slots=slots, responses=tuple(responses), made=tuple(made)
    )


def _beside(call: dict[str, Any], path: str, purpose: Purpose) -> Iterator[Text]:
    """The texts of a call beside its arguments."""
    for part in call_parts(call, path):
        yield msgspec.structs.replace(part, purpose=purpose)


def _changed(
    asked: GuardrailRequest, finish: Finish, policy: CompiledPolicy, masks: Sequence[str]
) -> dict[str, Any] | None:
    texts = [MASK if slot in masks else text for text, slot in zip(asked.texts, asked.slots, strict=True)]
    messages: Sequence[Any] = masked_messages(asked.messages, [path for path in masks if in_conversation(path)])
    steering = [finding for finding in finish.verdict.findings if finding.action is Action.GUIDELINE]
    if messages and steering:
        messages = with_note(messages, guidance(steering, own=policy.guidelines))
    elif not masks:
        return None
    rows = {"structured_messages": messages} if messages else {}
    return {"action": "GUARDRAIL_INTERVENED", "texts": texts, **rows}


def _maskable(asked: GuardrailRequest, path: str) -> bool:
    return path in asked.slots or (bool(asked.messages) and in_conversation(path))


def _held(asked: GuardrailRequest, policy: CompiledPolicy) -> list[int]:
    """How much of each text is to wait for the rest of its sentence; of the last call LiteLLM holds nothing."""
    return [_unfinished(text, policy) for text in asked.texts]


def _unfinished(text: str, policy: CompiledPolicy) -> int:
    if policy.stream.hold == "answer":
        return len(text)
    gate = SentenceGate()
    gate.feed(text)
    return len(gate.pending)


def _purpose(body: dict[str, Any]) -> Purpose:
    params = body.get("additional_provider_specific_params")
    given = params.get("purpose", "chat") if isinstance(params, dict) else "chat"
    try:
        purpose: Purpose = msgspec.convert(given, Purpose)
    except msgspec.ValidationError as error:
        path = "additional_provider_specific_params.purpose"
        raise InputError(f"'{path}' must be one of {', '.join(get_args(Purpose))}", param=path) from error
    return purpose


def _list(body: dict[str, Any], field: str, kind: type) -> list[Any]:
    value = body.get(field)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, kind) for item in value):
        raise InputError(f"'{field}' must be a list of {'strings' if kind is str else 'objects'}", param=field)
    return value
