"""Undoes encodings that hide a text from a classifier; each function gives the text back unchanged where none is."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable

from .words import hits, reads_as_text

MAX_DECODED = 65536
"""Characters of one run that are decoded; a longer run is left alone."""

# Only escapes of ASCII letters count: nobody writes those for any other reason than to hide them.
_LETTER_HEX = r"(?:4[1-9a-fA-F]|5[0-9aA]|6[1-9a-fA-F]|7[0-9aA])"
_ENTITY = re.compile(r"&#(?:x0*([0-9a-fA-F]{1,4})|0*(\d{1,5}));?")
_ESCAPE = re.compile(rf"\\u00({_LETTER_HEX})|\\u\{{0*({_LETTER_HEX})\}}|\\x({_LETTER_HEX})|%({_LETTER_HEX})")
_BASE64 = re.compile(r"(?<![\w+/=-])(?:[A-Za-z0-9+/_-]{6,}={1,2}|[A-Za-z0-9+/_-]{8,})(?![\w+/=])")
_HEX = re.compile(r"(?<!\w)(?:0x)?((?:[0-9a-fA-F]{2}){5,}|(?:[0-9a-fA-F]{2}[ :,]){4,}[0-9a-fA-F]{2})(?!\w)")
_BINARY = re.compile(r"(?<!\w)(?:[01]{8} ?){4,}(?!\w)")
_SEGMENT = re.compile(r"[^:\n\"“”.?!;]+")
_ROT13 = str.maketrans(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", "NOPQRSTUVWXYZABCDEFGHIJKLMnopqrstuvwxyzabcdefghijklm"
)


def escapes(text: str) -> str:
    """Numeric HTML entities, and backslash and percent escapes of ASCII letters, written out."""
    if "&#" in text:
        text = _ENTITY.sub(_entity, text)
    return _ESCAPE.sub(lambda match: chr(int(match[match.lastindex or 0], 16)), text)


def runs(text: str, *, depth: int = 2) -> str:
    """Base64, hexadecimal and binary runs that hold a readable text, in place; also one inside the other."""
    text = _BINARY.sub(lambda match: _readable(_bits(match[0]), match[0], depth=depth), text)
    text = _HEX.sub(lambda match: _readable(_hex(match[1]), match[0], depth=depth), text)
    return _BASE64.sub(lambda match: _readable(_base64(match[0]), match[0], depth=depth), text)


def ciphers(text: str) -> str:
    """Segments that are words only when read backwards or by rot13, in place."""
    whole = _mirrored(text)
    if whole != text:
        return whole
    return _SEGMENT.sub(lambda match: _turned(match[0], lambda segment: segment.translate(_ROT13)), text)


def _mirrored(text: str) -> str:
    by_letter = _turned(text, lambda segment: segment[::-1])
    if by_letter != text:
        return by_letter
    return _SEGMENT.sub(lambda match: _turned(match[0], _mirror), text)


def _mirror(segment: str) -> str:
    body = segment.strip()
    return segment.replace(body, body[::-1], 1) if body else segment


def _turned(segment: str, turn: Callable[[str], str]) -> str:
    # Word evidence: two common words that are not there before, in at least a quarter of the words.
    turned = turn(segment)
    found = hits(turned)
    return turned if found >= 2 and 4 * found >= len(segment.split()) and found > 2 * hits(segment) else segment


def _entity(match: re.Match[str]) -> str:
    code = int(match[1], 16) if match[1] else int(match[2])
    char = chr(code) if code < 128 else ""
    return char if char.isalpha() else match[0]


def _readable(data: bytes, before: str, *, depth: int) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return before
    plain = len(text) >= 4 and all(char.isprintable() or char in "\n\t\r" for char in text)
    if not plain:
        return before
    inner = runs(text, depth=depth - 1) if depth > 1 else text
    return inner if inner != text or reads_as_text(text) else before


def _bits(run: str) -> bytes:
    if len(run) > MAX_DECODED:
        return b""
    bits = run.replace(" ", "")
    return bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits) - 7, 8))


def _hex(run: str) -> bytes:
    if len(run) > MAX_DECODED:
        return b""
    return bytes.fromhex(re.sub(r"[ :,]", "", run))


def _base64(run: str) -> bytes:
    if len(run) > MAX_DECODED:
        return b""
    body = run.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(body + "=" * (-len(body) % 4), validate=True)
    except binascii.Error:
        return b""
