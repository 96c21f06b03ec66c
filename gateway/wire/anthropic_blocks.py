"""The content blocks of Anthropic's messages as parts: text, media, documents, tools, thinking, and what is unknown.

A path leads to the very text (`messages[0].content[1].text`), or to the block where nobody can read it.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import msgspec

from ...guard.prose import prose
from ...models.content import Image, Opaque, Part, Role, Text
from ...models.errors import InputError

# What only Anthropic can read: encrypted thinking, signatures, search results. Such a value cannot be a text.
SEALED: Final = re.compile(r"[A-Za-z0-9+/=_-]*", re.ASCII)
_SEALED_FIELDS: Final = frozenset(["encrypted_content", "encrypted_index", "signature"])
_STEERING: Final = frozenset(["cache_control", "type"])
_CALLS: Final = frozenset(["tool_use", "server_tool_use", "mcp_tool_use"])
_WEB: Final = ("https://", "http://")


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where blocks stand: their path, who speaks, and the question that they answer."""

    path: str
    role: Role
    context: str = ""

    def at(self, path: str, *, role: Role | None = None) -> Place:
        """A place further down."""
        return Place(path=f"{self.path}{path}", role=role or self.role, context=self.context)


def content_parts(content: object, place: Place) -> Iterator[Part]:
    """The parts of a string or a list of blocks; InputError names what is neither."""
    if isinstance(content, str):
        yield _text(content, place)
        return
    if not isinstance(content, list):
        raise InputError(f"'{place.path}' must be a string or a list of content blocks", param=place.path)
    for index, block in enumerate(content):
        yield from block_parts(block, place.at(f"[{index}]"))


def block_parts(block: object, place: Place) -> Iterator[Part]:
    """The parts of one block, fields that are not known included; a block of unknown type is opaque."""
    if not isinstance(block, dict) or not isinstance(block.get("type"), str):
        raise InputError(f"'{place.path}' must be an object with a type", param=place.path)
    kind: str = block["type"]
    reader = _READERS.get(kind) or (_call if kind in _CALLS else _result if kind.endswith("_tool_result") else None)
    if reader is None:
        yield _opaque(kind, block, place)
        return
    yield from reader(block, place)
    for field in sorted(block.keys() - _STEERING - _READ.get(kind, _READ_OF_OTHERS)):
        if found := readable(block[field]):
            yield _text(found, place.at(f".{field}", role=Role.DOCUMENT))


def readable(value: Any) -> str:
    """All language in a value; what only Anthropic can read is left out."""
    return prose(_unsealed(value))


def is_sealed(value: object) -> bool:
    """Whether a value can be read by nobody but Anthropic, or is not there."""
    return value is None or (isinstance(value, str) and SEALED.fullmatch(value) is not None)


def _unsealed(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _unsealed(item)
            for key, item in value.items()
            if not (key in _SEALED_FIELDS and is_sealed(item))
        }  # fmt: skip
    return [_unsealed(item) for item in value] if isinstance(value, list) else value


def _plain(block: Mapping[str, Any], place: Place) -> Iterator[Part]:
    yield _text(_string(block, "text", place), place.at(".text"))


def _thinking(block: Mapping[str, Any], place: Place) -> Iterator[Part]:
    yield _text(_string(block, "thinking", place), place.at(".thinking", role=Role.REASONING))
    if not is_sealed(block.get("signature")):
        raise InputError(f"'{place.path}.signature' must be the signature as it came", param=f"{place.path}.signature")


def _sealed_thinking(block: Mapping[str, Any], place: Place) -> Iterator[Part]:
    yield _opaque("redacted_thinking", block, place.at("", role=Role.REASONING))


def _call(block: Mapping[str, Any], place: Place) -> Iterator[Part]:
    arguments = msgspec.json.encode(block.get("input")).decode()
    yield _text(arguments, place.at(".input", role=Role.TOOL_CALL))


def _tool_result(block: Mapping[str, Any], place: Place) -> Iterator[Part]:
    if block.get("content") is not None:
        yield from content_parts(block["content"], place.at(".content", role=Role.TOOL_RESULT))


def _result(block: Mapping[str, Any], place: Place) -> Iterator[Part]:
    """A result of a tool that ran at Anthropic's: whatever language is in it."""
    if found := readable(block.get("content")):
        yield _text(found, place.at(".content", role=Role.TOOL_RESULT))


def _found(block: Mapping[str, Any], place: Place) -> Iterator[Part]:
    for field in ("title", "source"):
        if block.get(field) is not None:
            yield _text(_string(block, field, place), place.at(f".{field}", role=Role.DOCUMENT))
    yield from content_parts(block.get("content"), place.at(".content", role=Role.DOCUMENT))


def _document(block: Mapping[str, Any], place: Place) -> Iterator[Part]:
    for field in ("title", "context"):
        if block.get(field) is not None:
            yield _text(_string(block, field, place), place.at(f".{field}", role=Role.DOCUMENT))
    source = _source(block, place)
    inner = place.at(".source", role=Role.DOCUMENT)
    match source.get("type"):
        case "text":
            yield _text(_string(source, "data", inner), inner.at(".data"))
        case "content":
            yield from content_parts(source.get("content"), inner.at(".content"))
        case _:
            yield _opaque("document", block, place.at("", role=Role.DOCUMENT))


def _image(block: Mapping[str, Any], place: Place) -> Iterator[Part]:
    source = _source(block, place)
    match source.get("type"):
        case "base64":
            data = _decoded(_string(source, "data", place.at(".source")), f"{place.path}.source.data")
            yield Image(data=data, role=place.role, path=place.path, context=place.context)
        case "url":
            url = _string(source, "url", place.at(".source"))
            if not url.startswith(_WEB):
                path = f"{place.path}.source.url"
                raise InputError(f"'{path}' must be a URL that starts with https:// or http://", param=path)
            yield Image(url=url, role=place.role, path=place.path, context=place.context)
        case _:
            yield _opaque("image", block, place)


def _source(block: Mapping[str, Any], place: Place) -> dict[str, Any]:
    source = block.get("source")
    if not isinstance(source, dict):
        raise InputError(f"'{place.path}.source' must be an object with a type", param=f"{place.path}.source")
    return source


def _decoded(data: str, path: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InputError(f"'{path}' is not base64", param=path) from error


def _string(block: Mapping[str, Any], field: str, place: Place) -> str:
    value = block.get(field)
    if not isinstance(value, str):
        raise InputError(f"'{place.path}.{field}' must be a string", param=f"{place.path}.{field}")
    return value


def _text(text: str, place: Place) -> Text:
    return Text(text=text, role=place.role, path=place.path, context=place.context)


def _opaque(kind: str, block: Mapping[str, Any], place: Place) -> Opaque:
    return Opaque(type=kind, data=msgspec.json.encode(block), role=place.role, path=place.path)


_READERS: Final[Mapping[str, Callable[[Mapping[str, Any], Place], Iterator[Part]]]] = {
    "document": _document,
    "image": _image,
    "redacted_thinking": _sealed_thinking,
    "search_result": _found,
    "text": _plain,
    "thinking": _thinking,
    "tool_result": _tool_result,
}
_READ: Final = {
    "document": frozenset(["title", "context", "source"]),
    "image": frozenset(["source"]),
    "redacted_thinking": frozenset(["data"]),
    "search_result": frozenset(["title", "source", "content"]),
    "text": frozenset(["text"]),
    "thinking": frozenset(["thinking", "signature"]),
    "tool_result": frozenset(["content"]),
}
_READ_OF_OTHERS: Final = frozenset(["input", "content"])
