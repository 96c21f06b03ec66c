"""A Responses request: checked, and taken apart into what is to be judged; what is not sent along is told too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from ...guard.prose import prose
from ...models.content import Opaque, Part, Role, Text
from ...models.errors import InputError
from .dialect import Request
from .json_body import decode_object
from .openai_chat_request import MOST_PARTS
from .openai_embeddings import leftovers
from .openai_responses_items import item_parts, role_of

_NEVER_READ: Final = frozenset(
    [
        "background",
        "conversation",
        "include",
        "input",
        "instructions",
        "logit_bias",
        "max_output_tokens",
        "max_tool_calls",
        "metadata",
        "model",
        "parallel_tool_calls",
        "previous_response_id",
        "prompt",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
        "reasoning",
        "safety_identifier",
        "seed",
        "service_tier",
        "store",
        "stream",
        "stream_options",
        "temperature",
        "tool_choice",
        "tools",
        "top_k",
        "top_logprobs",
        "top_p",
        "truncation",
        "user",
    ]
)
_ELSEWHERE: Final = ("previous_response_id", "conversation", "prompt")
"""Fields that stand for texts which upstream keeps."""
_RUN_BY_CALLER: Final = frozenset(["function", "custom", "namespace", "local_shell", "shell", "apply_patch"])
_EXAMPLE: Final = '"…" or [{"role": "user", "content": "…"}]'


class ResponsesRequest(Request, frozen=True, kw_only=True):
    """A request for a response; `instructions` are the caller's own, whatever a policy adds to them."""

    instructions: str | None = None


def parse_responses(raw: bytes) -> ResponsesRequest:
    """The request in `raw`; raises InputError that names the field and the remedy."""
    body = decode_object(raw)
    for field in ("stream", "background"):
        if not isinstance(body.get(field), (bool, type(None))):
            raise InputError(f"'{field}' must be true or false", param=field)
    if body.get("background"):
        raise InputError("an answer that is fetched later cannot be judged: leave out 'background'", param="background")
    # What is spoken comes after a template's variables: its last text is the question that an answer is judged against.
    parts = (*_unseen(body), *_spoken(body), *_tools(body), *leftovers(body, _NEVER_READ))
    if len(parts) > MOST_PARTS:
        raise InputError(f"the request has more than {MOST_PARTS} parts: send fewer items", param="input")
    return ResponsesRequest(
        body=body, parts=parts, stream=bool(body.get("stream")), instructions=body.get("instructions")
    )


def _spoken(body: dict[str, Any]) -> Iterator[Part]:
    instructions, value = body.get("instructions"), body.get("input")
    if isinstance(instructions, str):
        yield Text(text=instructions, role=Role.SYSTEM, path="instructions")
    elif instructions is not None:
        raise InputError("'instructions' must be a string", param="instructions")
    if isinstance(value, str):
        yield Text(text=value, path="input")
    elif isinstance(value, list):
        yield from _items(value)
    elif value is not None or not any(body.get(field) for field in _ELSEWHERE):
        word = "is missing" if value is None else "must be a string or a list of items"
        raise InputError(f"'input' {word}: send {_EXAMPLE}", param="input")


def _items(items: list[Any]) -> Iterator[Part]:
    question = ""
    for index, item in enumerate(items):
        path = f"input[{index}]"
        found = list(item_parts(item, path, question=question))
        if "role" in item and role_of(item, path) is Role.USER:
            question = "\n".join(part.text for part in found if isinstance(part, Text) and part.role is Role.USER)
        yield from found


def _unseen(body: dict[str, Any]) -> Iterator[Part]:
    """What upstream adds from its own store: nobody here can read it."""
    for field in _ELSEWHERE:
        if body.get(field) is not None:
            yield Opaque(type=field, data=msgspec.json.encode(body[field]), role=Role.DOCUMENT, path=field)
    prompt = body.get("prompt")
    if isinstance(prompt, dict) and (text := prose(prompt.get("variables"))):
        yield Text(text=text, path="prompt.variables")


def _tools(body: dict[str, Any]) -> Iterator[Part]:
    """What tools say of themselves; what a tool that upstream runs itself brings in is seen by nobody here."""
    tools = body.get("tools")
    if not isinstance(tools, (list, type(None))):
        raise InputError("'tools' must be a list", param="tools")
    for index, tool in enumerate(tools or ()):
        path = f"tools[{index}]"
        kind = tool.get("type") if isinstance(tool, dict) else None
        if not isinstance(kind, str):
            raise InputError(f"'{path}' must be an object with a type", param=path)
        if kind == "image_generation":
            raise InputError(f"images in answers cannot be judged: leave out '{path}'", param=path)
        if text := prose(tool):
            yield Text(text=text, role=Role.SYSTEM, path=path)
        if kind not in _RUN_BY_CALLER:
            yield Opaque(type=kind, data=msgspec.json.encode(tool), role=Role.TOOL_RESULT, path=f"{path}.type")
