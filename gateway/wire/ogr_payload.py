"""The payload of an OGR event, whichever protocol it speaks: what is to be judged, and where each of it stands.

Chat completions and OGR's canonical shape go through the one reading of a conversation; Anthropic's messages and
OpenAI's responses are walked block by block.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias

import msgspec

from ...guard.conversation import parts_of
from ...guard.prose import prose
from ...models.content import Opaque, Part, Role
from ...models.errors import InputError
from .ogr_blocks import Found, block_request, block_response
from .openai_chat_extras import extra_parts

Protocol: TypeAlias = Literal["openai.chat", "openai.responses", "anthropic.messages", "canonical"]

OURS: Final = ("timing", "_ogr_media")
"""Keys that the integration put into a provider's body."""

_STEP: Final = re.compile(r"[^.\[\]]+")
_TEXT_KEYS: Final = ("text", "refusal", "image_url", "video_url", "url")
_READ: Final = frozenset(
    ["role", "content", "refusal", "reasoning", "reasoning_content", "tool_calls", "function_call", "name"]
)
_MEDIA: Final = frozenset(["audio", "images", "video"])


class Leaf(msgspec.Struct, frozen=True, kw_only=True):
    """A place in the payload as OGR writes it (`payload.messages.1.content`); `text` where a string stands there."""

    path: str
    text: str | None = None


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """What a payload holds: a request's `parts`, or an answer's `responses` and what was `made` beside text.

    `leaves` says of each path in a verdict which strings of the payload it stands for.
    """

    parts: tuple[Part, ...] = ()
    responses: tuple[dict[str, Any], ...] = ()
    made: tuple[Part, ...] = ()
    leaves: dict[str, tuple[Leaf, ...]] = {}


def read_request(payload: Mapping[str, Any], protocol: Protocol) -> Payload:
    """What is about to be sent; InputError names what cannot be read."""
    body = {key: value for key, value in payload.items() if key not in OURS}
    if protocol in ("openai.responses", "anthropic.messages"):
        return _walked(list(block_request(body)))
    if not isinstance(body.get("messages"), list):
        raise InputError("'payload.messages' must be a list of messages", param="payload.messages")
    parts = (*parts_of(body["messages"]), *extra_parts(body))
    return Payload(parts=parts, leaves={part.path: (_leaf(payload, part.path),) for part in parts})


def read_response(payload: Mapping[str, Any], protocol: Protocol) -> Payload:
    """What came back; InputError names what cannot be read."""
    match protocol:
        case "openai.chat":
            return _chat_answer(payload)
        case "canonical":
            return _canonical_answer(payload)
        case _:
            return _block_answer(payload)


def _walked(found: list[Found]) -> Payload:
    return Payload(
        parts=tuple(one.part for one in found),
        leaves={one.part.path: (Leaf(path=_dotted(one.part.path), text=one.leaf),) for one in found},
    )


def _chat_answer(payload: Mapping[str, Any]) -> Payload:
    choices = payload.get("choices")
    if not isinstance(choices, list) or not choices:
        raise InputError("'payload.choices' must be a list with at least one choice", param="payload.choices")
    responses: list[dict[str, Any]] = []
    leaves: dict[str, tuple[Leaf, ...]] = {}
    made: list[Part] = []
    for index, choice in enumerate(choices):
        message = choice.get("message") if isinstance(choice, dict) else None
        if not isinstance(message, dict):
            path = f"payload.choices.{index}.message"
            raise InputError(f"'{path}' must be an object", param=path)
        prefix, ours = f"choices[{index}].message", f"response[{index}]"
        if not isinstance(message.get("function_call") or {}, dict):
            path = f"payload.choices.{index}.message.function_call"
            raise InputError(f"'{path}' must be an object", param=path)
        spoken = _spoken(message)
        for path in _answer_paths(spoken):
            leaves[f"{ours}.{path}"] = (_leaf(payload, f"{prefix}.{path}"),)
        if "function_call" in message and spoken.get("tool_calls"):
            last = len(spoken["tool_calls"]) - 1
            leaves[f"{ours}.tool_calls[{last}].arguments"] = (_leaf(payload, f"{prefix}.function_call.arguments"),)
        beside = [key for key, value in message.items() if key not in _READ and (key in _MEDIA or prose(value))]
        for key in beside:
            data = msgspec.json.encode(message[key])
            made.append(Opaque(type=key, data=data, role=Role.ASSISTANT, path=f"{prefix}.{key}"))
            leaves[f"{prefix}.{key}"] = (Leaf(path=_dotted(f"{prefix}.{key}")),)
        responses.append(spoken)
    return Payload(responses=tuple(responses), made=tuple(made), leaves=leaves)


def _spoken(message: Mapping[str, Any]) -> dict[str, Any]:
    """What the one reading of a conversation knows of a message; the old single call becomes the last of the calls."""
    kept = {key: value for key, value in message.items() if key in _READ - {"function_call"} and value is not None}
    call = message.get("function_call")
    if isinstance(call, dict):
        kept["tool_calls"] = [*(kept.get("tool_calls") or ()), {"function": call}]
    return kept


def _answer_paths(message: Mapping[str, Any]) -> list[str]:
    """The paths of an answer's texts within its message; raises InputError where it cannot be read."""
    paths = {part.path.removeprefix("messages[0].") for part in parts_of([{**message, "role": "assistant"}])}
    # Parts of a content list are read as one text.
    return sorted({"content" if path.startswith("content[") else path for path in paths})


def _canonical_answer(payload: Mapping[str, Any]) -> Payload:
    message: dict[str, Any] = {}
    leaves: dict[str, tuple[Leaf, ...]] = {}
    for key, ours in (("text", "content"), ("reasoning", "reasoning")):
        if payload.get(key):
            message[ours] = payload[key]
            leaves[f"response[0].{ours}"] = (_leaf(payload, key),)
    calls = payload.get("tool_calls") or []
    if not isinstance(calls, list) or not all(isinstance(call, dict) for call in calls):
        raise InputError("'payload.tool_calls' must be a list of objects", param="payload.tool_calls")
    for index, call in enumerate(calls):
        name, arguments = call.get("name", ""), call.get("arguments", "")
        message.setdefault("tool_calls", []).append({"function": {"name": name, "arguments": arguments}})
        leaves[f"response[0].tool_calls[{index}].arguments"] = (_leaf(payload, f"tool_calls[{index}].arguments"),)
    return Payload(responses=(message,) if message else (), leaves=leaves)


def _block_answer(payload: Mapping[str, Any]) -> Payload:
    """Blocks join to one answer: its texts, its reasoning, its tool calls; what is no text is judged beside."""
    message: dict[str, Any] = {}
    leaves: dict[str, list[Leaf]] = {}
    made: list[Part] = []
    for found in block_response(payload):
        leaf = Leaf(path=_dotted(found.part.path), text=found.leaf)
        match found.kind:
            case "text" | "reasoning":
                key = "content" if found.kind == "text" else "reasoning"
                message[key] = message.get(key, "") + found.text
                leaves.setdefault(f"response[0].{key}", []).append(leaf)
            case "tool_call":
                calls = message.setdefault("tool_calls", [])
                leaves[f"response[0].tool_calls[{len(calls)}].arguments"] = [leaf]
                calls.append({"function": {"name": "", "arguments": found.text}})
            case _:
                made.append(found.part)
                leaves[found.part.path] = [leaf]
    return Payload(
        responses=(message,) if message else (),
        made=tuple(made),
        leaves={path: tuple(found) for path, found in leaves.items()},
    )


def _leaf(payload: Mapping[str, Any], path: str) -> Leaf:
    """Where in the payload a path of ours leads, down to the string where there is one."""
    node: Any = payload
    steps: list[str] = []
    for step in _STEP.findall(path):
        for name in _under(node, step):
            steps.append(name)
            node = node[int(name)] if isinstance(node, list) else node[name]
    while isinstance(node, dict) and (key := next((key for key in _TEXT_KEYS if key in node), None)):
        steps.append(key)
        node = node[key]
    return Leaf(path=".".join(["payload", *steps]), text=node if isinstance(node, str) else None)


def _under(node: Any, step: str) -> tuple[str, ...]:
    """The steps that lead there: our paths name a call's arguments and a message's reasoning shorter."""
    if isinstance(node, dict) and step not in node:
        if step == "reasoning" and "reasoning_content" in node:
            return ("reasoning_content",)
        if step == "arguments" and "function" in node:
            return ("function", "arguments") if "arguments" in node["function"] else ("function",)
        if step == "arguments" and "custom" in node:
            return ("custom", "input") if "input" in node["custom"] else ("custom",)
        return ()
    return (step,)


def _dotted(path: str) -> str:
    return ".".join(["payload", *_STEP.findall(path)])
