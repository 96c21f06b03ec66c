"""Writes a text so that a reader still understands it and a naive classifier does not: to measure what that costs."""

from __future__ import annotations

import base64
import random
import re
from collections.abc import Callable
from typing import Final

import msgspec

_LEET: Final = dict(zip("aeiostAEIOST", "431057431057", strict=True))
_HOMOGLYPHS: Final = dict(zip("aceopxyijsABEHKMOPTX", "асеорхуіјѕАВЕНКМОРТХ", strict=True))
_ZERO_WIDTH: Final = "\u200b\u200c\u200d\u2060"
_SEPARATORS: Final = " .-_"
_INSIDE: Final = re.compile(r"[A-Za-z](?=[A-Za-z])")
_WORD: Final = re.compile(r"[A-Za-z]{4,}")


class Disguised(msgspec.Struct, frozen=True):
    """A text in disguise, and the way it was made."""

    text: str
    way: str


def obfuscated(text: str, *, seed: int = 0) -> Disguised:
    """The text in one of the ways, chosen by seed and text alone: equal inputs give equal disguises."""
    generator = random.Random(f"{seed}:{text}")
    way = generator.choice(WAYS)
    return Disguised(disguise(text, way=way, generator=generator), way)


def disguise(text: str, *, way: str, generator: random.Random) -> str:
    """The text in the way named; KeyError for one that is not in WAYS."""
    return _MAKERS[way](text, generator)


def _leet(text: str, generator: random.Random) -> str:
    def word(found: re.Match[str]) -> str:
        if generator.random() < 0.3:
            return found[0]
        return "".join(_LEET.get(char, char) if generator.random() < 0.8 else char for char in found[0])

    return _WORD.sub(word, text)


def _zero_width(text: str, generator: random.Random) -> str:
    def inside(found: re.Match[str]) -> str:
        return found[0] + generator.choice(_ZERO_WIDTH) if generator.random() < 0.35 else found[0]

    return _INSIDE.sub(inside, text)


def _homoglyph(text: str, generator: random.Random) -> str:
    return "".join(_HOMOGLYPHS.get(char, char) if generator.random() < 0.5 else char for char in text)


def _spacing(text: str, generator: random.Random) -> str:
    separator = generator.choice(_SEPARATORS)
    return _WORD.sub(lambda found: separator.join(found[0]) if generator.random() < 0.6 else found[0], text)


def _base64(text: str, generator: random.Random) -> str:
    return base64.b64encode(text.encode("utf-8", "surrogatepass")).decode("ascii")


_MAKERS: Final[dict[str, Callable[[str, random.Random], str]]] = {
    "leetspeak": _leet,
    "zero_width": _zero_width,
    "homoglyph": _homoglyph,
    "spacing": _spacing,
    "base64": _base64,
}
WAYS: Final = tuple(_MAKERS)
"""Digits for letters, invisible characters inside words, letters of other scripts, letters set apart, an encoding."""
