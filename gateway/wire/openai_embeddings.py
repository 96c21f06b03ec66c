"""An embeddings request: what of it is language, and the answer with nothing in it but vectors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from ...guard.prose import prose
from ...models.content import Opaque, Part, Role, Text
from ...models.errors import InputError, UpstreamError
from .json_body import decode_object

MOST_INPUTS: Final = 4096
"""Texts that one request may have."""

_NEVER_READ: Final = frozenset(["dimensions", "encoding_format", "input", "model", "user"])
_EXAMPLE: Final = '"…" or ["…", "…"]'


class DirectRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request whose answer is made at once: the decoded body, every part of it, and the field that is judged."""

    body: dict[str, Any]
    parts: tuple[Part, ...]
    param: str


class Vectors(msgspec.Struct, frozen=True, kw_only=True):
    """Embeddings that upstream made: the body for the caller, and what upstream says they took."""

    body: bytes
    usage: dict[str, int] | None


class _Vector(msgspec.Struct):
    index: int
    embedding: msgspec.Raw
    object: str = "embedding"


class _Vectors(msgspec.Struct):
    data: list[_Vector]
    object: str = "list"
    model: str = ""
    usage: dict[str, int] | None = None


_decoder = msgspec.json.Decoder(_Vectors)


def parse_embeddings(raw: bytes) -> DirectRequest:
    """The request in `raw`, its texts with the paths `input` or `input[3]`; InputError names field and remedy.

    Token ids are a part that nobody can read.
    """
    body = decode_object(raw)
    value = body.get("input")
    if value is None:
        raise InputError(f"'input' is missing: send {_EXAMPLE}", param="input")
    parts = (*texts_of(value, "input", example=_EXAMPLE), *leftovers(body, _NEVER_READ))
    if len(parts) > MOST_INPUTS:
        raise InputError(f"'input' has more than {MOST_INPUTS} texts: send several requests", param="input")
    return DirectRequest(body=body, parts=parts, param="input")


def texts_of(value: Any, field: str, *, example: str) -> Iterator[Part]:
    """A text, texts, token ids, or lists of them, each with its path; InputError for anything else."""
    if isinstance(value, str):
        yield Text(text=value, path=field)
    elif _are_tokens(value):
        yield Opaque(type="token_ids", data=msgspec.json.encode(value), path=field)
    elif isinstance(value, list) and value and all(isinstance(item, str) or _are_tokens(item) for item in value):
        for index, item in enumerate(value):
            yield from texts_of(item, f"{field}[{index}]", example=example)
    else:
        raise InputError(f"'{field}' must be a text or a list of texts: {example}", param=field)


def leftovers(body: dict[str, Any], known: frozenset[str]) -> Iterator[Part]:
    """The language in fields that are not known, for a model may read it."""
    for field in sorted(body.keys() - known):
        if text := prose(body[field]):
            yield Text(text=text, role=Role.DOCUMENT, path=field)


def read_vectors(raw: bytes) -> Vectors:
    """The answer with its vectors, model and usage alone; UpstreamError where it holds something else in their place.

    The vectors stay as they came, to the digit.
    """
    try:
        found = _decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UpstreamError("upstream's answer cannot be read as embeddings", status=502) from error
    if any(bytes(one.embedding)[:1] not in (b"[", b'"') for one in found.data):
        raise UpstreamError("upstream's answer holds something other than vectors", status=502)
    return Vectors(body=msgspec.json.encode(found), usage=found.usage)


def _are_tokens(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(token, int) and not isinstance(token, bool) for token in value)
    )
