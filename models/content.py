"""The parts of a conversation, one tagged union for every surface.

A caller's request, a decorated function's arguments and a data set's row all become a list of parts;
everything downstream sees parts only.
"""

from __future__ import annotations

import enum
import hashlib
import struct
from collections.abc import Iterable
from functools import lru_cache
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
    return digests((part,), key=key)[0]


def digests(parts: Iterable[Part], *, key: bytes) -> list[str]:
    """The digest of each part; a context that neighbours share, as the pieces of an answer do, is taken in once."""
    found: list[str] = []
    before: Part | None = None
    started: hashlib.blake2b | None = None
    for part in parts:
        if before is None or started is None or not _begin_alike(part, before):
            context = part.context.encode("utf-8", "surrogatepass")
            started = _started(key, _KINDS[type(part)], part.role, part.purpose).copy()
            started.update(_size(len(context)) + context)
            before = part
        hasher = started.copy()
        if isinstance(part, Text):
            text = part.text.encode("utf-8", "surrogatepass")
            hasher.update(_size(len(text)) + text)
        else:
            for field in _other_fields(part):
                hasher.update(_size(len(field)) + field)
        found.append(hasher.hexdigest())
    return found


def _begin_alike(part: Part, other: Part) -> bool:
    """Whether two parts are plainly of one kind, role and purpose, and have the very same context."""
    alike = part.context is other.context and part.role is other.role and part.purpose == other.purpose
    return alike and type(part) is type(other)


def _other_fields(part: Image | Video | Opaque) -> tuple[bytes, ...]:
    if isinstance(part, Opaque):
        return (part.type.encode(), part.data)
    return (part.data, part.url.encode("utf-8", "surrogatepass"))


@lru_cache(maxsize=256)
def _started(key: bytes, kind: Kind, role: Role, purpose: Purpose) -> hashlib.blake2b:
    """The hash with its key and head taken in, to be copied: that costs a third of taking them in again."""
    # The length before each field, so that two neighbours cannot trade bytes and keep the digest.
    fields = (kind.encode(), role.value.encode(), purpose.encode())
    head = b"".join(_size(len(field)) + field for field in fields)
    return hashlib.blake2b(head, digest_size=16, key=key[:64])
