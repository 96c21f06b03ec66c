"""The body of `/v1/check`: what is to be judged, alone or as a list."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from ...guard.conversation import message_of, parts_of
from ...models.content import Image, Part, Purpose, Video
from ...models.errors import InputError
from .json_body import decode_batch
from .openai_chat_request import MOST_PARTS

MOST_CHECKS: Final = 512
"""Checks that one request may ask for."""

_REMEDY: Final = 'a check is {"prompt": "…"} or {"messages": […]}, {"response": "…"}, or both'
_AT: Final = re.compile(r" - at `\$\.?(.*)`$")
_WEB: Final = ("https://", "http://", "data:")


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to judge: the parts of what was asked, and what was answered, if anything was."""

    parts: tuple[Part, ...]
    response: str | dict[str, Any] | None


class Checks(msgspec.Struct, frozen=True, kw_only=True):
    """What one request asks for; `listed` where it asked with a list, and so is answered with one."""

    items: tuple[Check, ...]
    listed: bool


class _Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    prompt: str | None = None
    messages: list[dict[str, Any]] | None = None
    response: str | dict[str, Any] | None = None
    purpose: Purpose = "chat"
    images: list[str] = []
    videos: list[str] = []


def parse_checks(raw: bytes) -> Checks:
    """The checks in `raw`; raises InputError that names the field, and in a list the item, and the remedy."""
    body = decode_batch(raw)
    if isinstance(body, dict):
        return Checks(items=(_check(body, ""),), listed=False)
    if not 0 < len(body) <= MOST_CHECKS:
        raise InputError(f"the list has {len(body)} checks: send 1 to {MOST_CHECKS} at once")
    items = tuple(_check(item, f"[{index}]") for index, item in enumerate(body))
    if sum(len(item.parts) for item in items) > MOST_PARTS:
        raise InputError(f"the list has more than {MOST_PARTS} parts: send fewer checks at once")
    return Checks(items=items, listed=True)


def _check(item: object, where: str) -> Check:
    try:
        return _made(_converted(item))
    except InputError as error:
        if not where:
            raise
        param = f"{where}.{error.param}" if error.param else where
        raise InputError(f"{where}: {error}", param=param) from error


def _converted(item: object) -> _Body:
    try:
        return msgspec.convert(item, _Body)
    except msgspec.ValidationError as error:
        found = _AT.search(str(error))
        param = found[1] if found else None
        message = _AT.sub(f" at {param}", str(error)) if param else str(error).removesuffix(" - at `$`")
        raise InputError(f"{message}; {_REMEDY}", param=param) from error


def _made(body: _Body) -> Check:
    if body.prompt is not None and body.messages is not None:
        raise InputError("give 'prompt' or 'messages', not both", param="messages")
    spoken = body.messages if body.messages is not None else []
    if body.prompt is not None:
        spoken = [message_of(body.prompt)]
    parts = (
        *parts_of(spoken, purpose=body.purpose),
        *(Image(url=_web(url, f"images[{i}]"), path=f"images[{i}]", purpose=body.purpose)
          for i, url in enumerate(body.images)),
        *(Video(url=_web(url, f"videos[{i}]"), path=f"videos[{i}]", purpose=body.purpose)
          for i, url in enumerate(body.videos)),
    )  # fmt: skip
    if not parts and body.response is None:
        raise InputError(f"nothing to judge: {_REMEDY}", param="prompt")
    if len(parts) > MOST_PARTS:
        raise InputError(f"more than {MOST_PARTS} parts: send fewer messages", param="messages")
    return Check(parts=parts, response=_answer(body.response))


def _answer(response: str | dict[str, Any] | None) -> str | dict[str, Any] | None:
    if not isinstance(response, dict):
        return response
    message = {**response, "role": "assistant"}
    try:
        found = parts_of([message])
    except InputError as error:
        renamed = (error.param or "").replace("messages[0]", "response", 1)
        raise InputError(str(error).replace("messages[0]", "response", 1), param=renamed) from error
    if not found:
        raise InputError("'response' holds nothing to judge: give it 'content' or 'tool_calls'", param="response")
    return message


def _web(url: str, path: str) -> str:
    """The URL; a path of this machine is none that a caller may have read."""
    if not url.startswith(_WEB):
        raise InputError(f"'{path}' must be a URL that starts with https://, http:// or data:", param=path)
    return url
