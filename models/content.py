"""The parts of a conversation, one tagged union for every surface.

A caller's request, a decorated function's arguments and a data set's row all become a list of parts;
everything downstream sees parts only.
"""

from __future__ import annotations

import enum
import hashlib
import struct
from functools import cache, lru_cache
from typing import Literal, TypeAlias

import msgspec

Purpose: TypeAlias = Literal["chat", "t2i", "t2v"]
"""What a text is a prompt for: a chat model, an image generator or a video generator."""


class Role(enum.StrEnum):
    """Who speaks in a part."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    REASONING = "reasoning"
    TOOL_CALL = "tool_call"
    TOOL_RESULT = "tool_result"
    DOCUMENT = "document"


class Direction(enum.StrEnum):
    """Which row of a policy a part falls under."""

    INPUT = "input"
    OUTPUT = "output"
    TOOL_RESULT = "tool_result"
    DOCUMENT = "document"


_DIRECTIONS = {
    Role.SYSTEM: Direction.INPUT,
    Role.USER: Direction.INPUT,
    Role.ASSISTANT: Direction.OUTPUT,
    Role.REASONING: Direction.OUTPUT,
    Role.TOOL_CALL: Direction.OUTPUT,
    Role.TOOL_RESULT: Direction.TOOL_RESULT,
    Role.DOCUMENT: Direction.DOCUMENT,
}


class Text(msgspec.Struct, frozen=True, tag="text", tag_field="kind", kw_only=True):
    """A text, judged in the context of the question it answers (empty when it answers none).

    `tool` names whose call or result it is; policies look at it, classifiers do not.
    """

    text: str
    role: Role = Role.USER
    purpose: Purpose = "chat"
    path: str = ""
    context: str = ""
    tool: str = ""


class Image(msgspec.Struct, frozen=True, tag="image", tag_field="kind", kw_only=True):
    """An image by its bytes, or by a URL (data or http) that nobody has fetched yet."""

    data: bytes = b""
    url: str = ""
    role: Role = Role.USER
    purpose: Purpose = "chat"
    path: str = ""
    context: str = ""


class Video(msgspec.Struct, frozen=True, tag="video", tag_field="kind", kw_only=True):
    """A video by its bytes, or by a URL that nobody has fetched yet."""

    data: bytes = b""
    url: str = ""
    role: Role = Role.USER
    purpose: Purpose = "chat"
    path: str = ""
    context: str = ""


class Opaque(msgspec.Struct, frozen=True, tag="opaque", tag_field="kind", kw_only=True):
    """Content that no classifier here reads (audio, a file): kept so that it is reported, never skipped."""

    type: str
    data: bytes = b""
    role: Role = Role.USER
    purpose: Purpose = "chat"
    path: str = ""
    context: str = ""


Part: TypeAlias = Text | Image | Video | Opaque
Kind: TypeAlias = Literal["text", "image", "video", "opaque"]


_size = struct.Struct("<Q").pack

_KINDS: dict[type, Kind] = {Text: "text", Image: "image", Video: "video", Opaque: "opaque"}


def kind_of(part: Part) -> Kind:
    """The part's tag: text, image, video or opaque."""
    return _KINDS[type(part)]


def direction_of(role: Role) -> Direction:
    """The policy direction under which a role is judged."""
    return _DIRECTIONS[role]


def digest(part: Part, *, key: bytes) -> str:
    """A keyed BLAKE2b-128 of all that a classifier sees of the part, in hex.

    The path is left out (the same words elsewhere are judged alike), and the key keeps the digest from being guessed.
    """
    fields: tuple[bytes, ...]
    if isinstance(part, Text):
        fields = (part.context.encode("utf-8", "surrogatepass"), part.text.encode("utf-8", "surrogatepass"))
    else:
        fields = (part.context.encode("utf-8", "surrogatepass"), *_other_fields(part))
    pieces = [_head(_KINDS[type(part)], part.role, part.purpose)]
    for field in fields:
        # The length before each field, so that two neighbours cannot trade bytes and keep the digest.
        pieces += (_size(len(field)), field)
    hasher = _hasher(key).copy()
    hasher.update(b"".join(pieces))
    return hasher.hexdigest()


def _other_fields(part: Image | Video | Opaque) -> tuple[bytes, ...]:
    if isinstance(part, Opaque):
        return (part.type.encode(), part.data)
    return (part.data, part.url.encode("utf-8", "surrogatepass"))


@lru_cache(maxsize=8)
def _hasher(key: bytes) -> hashlib.blake2b:
    """The hash with its key taken in, to be copied: that costs a third of taking it in again."""
    return hashlib.blake2b(digest_size=16, key=key[:64])


@cache
def _head(kind: Kind, role: Role, purpose: Purpose) -> bytes:
    fields = (kind.encode(), role.value.encode(), purpose.encode())
    return b"".join(len(field).to_bytes(8, "little") + field for field in fields)
