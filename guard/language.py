"""Which languages a person is likely to read: by what the caller asks for, else by a guess from the text."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

LONGEST_GUESS: Final = 2000
"""Characters of a text that are looked at."""

_MOST_WISHES: Final = 16
_WISH: Final = re.compile(r"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?))?\s*")

# First match of the ranges; Urdu and Japanese are told from Arabic and Chinese by letters of their own.
_SCRIPTS: Final = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("zh", re.compile(r"[\u4e00-\u9fff]")),
    ("hi", re.compile(r"[\u0900-\u097f]")),
    ("bn", re.compile(r"[\u0980-\u09ff]")),
    ("ur", re.compile(r"[\u0679\u0688\u0691\u06ba\u06be\u06c1\u06d2]")),
    ("ar", re.compile(r"[\u0620-\u064a]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
)
_WEIGHT: Final = {"ja": 4, "ur": 8}
_SMALL: Final = {
    "en": "the and is to of you what how can my it this with for are not do i",
    "es": "el los las y es en que por una cómo qué no mi para con estoy quiero yo pero hay",
    "fr": "le les des est et je vous une pour que ne pas mon dans avec suis comment qui veux c'est",
    "pt": "o os as e é que não uma você para com eu meu minha como estou quero em mas muito",
    "de": "der die das und ist ich nicht ein eine wie mein mit zu es auf bin was kann mir mich",
}
_WORDS: Final = {language: frozenset(words.split()) for language, words in _SMALL.items()}
_WORD: Final = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")


def languages(wish: str, text: str = "") -> tuple[str, ...]:
    """Tags of languages in lower case, the likeliest first and a region before its language; none where none is known.

    `wish` is the value of an Accept-Language header (RFC 9110, 12.5.4); `text` is asked only where it names none.
    """
    wished = _wished(wish)
    if not wished:
        guess = guessed(text)
        return (guess,) if guess else ()
    tags: dict[str, None] = {}
    for tag in wished:
        tags[tag] = None
        tags[tag.split("-", 1)[0]] = None
    return tuple(tags)


def guessed(text: str) -> str | None:
    """The language of a text among those that Headgate speaks, None where it cannot be told."""
    sample = text[:LONGEST_GUESS]
    latin = sum("a" <= letter <= "z" for letter in sample.lower())
    for language, letters in _SCRIPTS:
        found = len(letters.findall(sample))
        # A name or a quotation in another script does not make the language; letters that only one has, do.
        if found and 4 * found * _WEIGHT.get(language, 1) > latin:
            return language
    words = Counter(_WORD.findall(sample.lower()))
    hits = {language: sum(words[word] for word in own) for language, own in _WORDS.items()}
    best, second = sorted(hits.values(), reverse=True)[:2]
    return max(hits, key=lambda language: hits[language]) if best >= 2 and best > second else None


def _wished(wish: str) -> list[str]:
    """The tags of a header by falling weight; what cannot be read, and what is not wanted, is left out."""
    found: list[tuple[float, str]] = []
    for item in wish.split(",")[:_MOST_WISHES]:
        if (match := _WISH.fullmatch(item)) and (weight := float(match[2] or 1)) > 0:
            found.append((weight, match[1].lower()))
    return [tag for _, tag in sorted(found, key=lambda one: -one[0])]
