"""The readings of a text that are worth judging: the original, and what it says when its disguise is undone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import msgspec

from . import decode, lookalike
from .words import COMMON

MAX_DEPTH = 2
"""Encodings inside encodings that are undone."""

MAX_VIEWS = 4

# What a text can be hidden by, cheapest first: most texts fail every one of these looks.
_TRIPLES = tuple(letter * 3 for letter in "abcdefghijklmnopqrstuvwxyz")
_LONG_WORD = 16
_UNREADABLE_WORD = 100
_SPACED = re.compile(r"\b[A-Za-z]([ .\-_*|/~])[A-Za-z]\1[A-Za-z]")
_SYMBOLS = frozenset("013457@$!|=%\\&")
_HIDDEN = re.compile(
    r"[A-Za-z][013457@$!|]+[A-Za-z]|[A-Za-z0-9+/_-]{6}={1,2}(?![\w=])|[0-9a-fA-F]{10}|(?:\b[0-9a-fA-F]{2}[ :,]){4}"
    r"|[01]{8} [01]{8}|&#|\\[ux]|%[4-7][0-9a-fA-F]"
)
_CUE = re.compile(r"base.?64|b64|decod|decrypt|cipher|rot.?13|backward|reverse|\bhex")
_CUES = ("base", "b64", "deco", "decr", "cipher", "rot", "backward", "reverse", "hex")
"""How the cues begin: to look for these first takes a fifth of the time."""
_WORDS_SEEN = 48


class View(msgspec.Struct, frozen=True):
    """One reading of a text, and the names of the steps that made it (none for the original)."""

    text: str
    steps: tuple[str, ...] = ()


class _Step(msgspec.Struct, frozen=True):
    name: str
    undo: Callable[[str], str]


_DECODERS = (
    _Step("escapes", decode.escapes),
    _Step("runs", decode.runs),
    _Step("ciphers", decode.ciphers),
)
_FOLDERS = (
    _Step("invisible", lookalike.invisible),
    _Step("lookalikes", lookalike.lookalikes),
    _Step("spacing", lookalike.spacing),
    _Step("leet", lookalike.leet),
    _Step("repeats", lookalike.repeats),
    _Step("chunks", lookalike.chunks),
)


def views(text: str) -> tuple[View, ...]:
    """The original first, then at most three readings that differ from it; one view for an ordinary text.

    Never raises; time and size are linear in the text.
    """
    original = View(text)
    if _is_plain(text):
        return (original,)
    found = [original]
    for steps in ((*_FOLDERS[:2], *_DECODERS), _FOLDERS):
        last = found[-1]
        view = _undone(last, steps)
        if all(view.text != other.text for other in found):
            found.append(view)
    return tuple(_distinct(found))


def _distinct(found: list[View]) -> list[View]:
    # The half-way reading says nothing that the last one does not, unless something was decoded and then changed.
    if len(found) == 3 and not _DECODER_NAMES & set(found[1].steps):
        return [found[0], found[2]]
    return found[:MAX_VIEWS]


_DECODER_NAMES = {step.name for step in _DECODERS}


def _undone(view: View, steps: tuple[_Step, ...]) -> View:
    text, names = view.text, list(view.steps)
    for _ in range(MAX_DEPTH):
        before = text
        for step in steps:
            undone = step.undo(text)
            if undone != text:
                names.append(step.name)
                text = undone
        if text == before:
            break
    return View(text, tuple(dict.fromkeys(names)))


def _is_plain(text: str) -> bool:
    if not text.isascii() and lookalike.is_odd(text):
        return False
    lowered = text.lower()
    words = lowered.split()
    longest = max(map(len, words), default=0)
    if longest >= _LONG_WORD and (longest >= _UNREADABLE_WORD or _has_long_ascii_word(words)):
        return False
    if _holds(lowered, _TRIPLES) or _SPACED.search(text) or (_holds(lowered, _CUES) and _CUE.search(lowered)):
        return False
    if not _SYMBOLS.isdisjoint(text) and _HIDDEN.search(text):
        return False
    # A text of several words without a single common one may be read backwards or by rot13.
    return len(words) < 3 or not lowered.isascii() or not COMMON.isdisjoint(words[:_WORDS_SEEN])


def _holds(text: str, pieces: Iterable[str]) -> bool:
    for piece in pieces:  # noqa: SIM110 - with every text, and faster than a generator
        if piece in text:
            return True
    return False


def _has_long_ascii_word(words: list[str]) -> bool:
    return any(len(word) >= _LONG_WORD and word.isascii() for word in words)
