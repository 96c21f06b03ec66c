"""Base64 that was read off an image: broken over lines, with letters that look alike mixed up."""

from __future__ import annotations

import base64
import itertools
import re
from collections.abc import Iterator, Sequence
from operator import attrgetter, itemgetter
from typing import Final

import msgspec

from .letter_pairs import cost, unlikeliness

SHORTEST: Final = 16
"""Characters of a run that is worth decoding."""

REPAIRED: Final = 4096
"""Characters of an image in which letters that look alike are put right; what is beyond is decoded as it was read."""

_RUN: Final = re.compile(r"[A-Za-z0-9+/=]+")
_ALIKE: Final = {
    "0": "Oo", "O": "0", "1": "lI", "l": "1I", "I": "l1", "5": "S", "S": "5", "8": "B", "B": "8", "2": "Z", "Z": "2",
    "c": "C", "C": "c", "s": "S", "v": "V", "V": "v", "w": "W", "W": "w", "x": "X", "X": "x", "z": "Z", "o": "O0",
    "u": "U", "U": "u", "k": "K", "K": "k", "p": "P", "P": "p", "j": "i", "i": "j",
}  # fmt: skip
_PADS: Final = re.compile(r"=+")
_ASCII: Final = re.compile(r"[\t\n\r -~]*")
_PADDING: Final = str.maketrans({"二": "=", "＝": "=", "三": "="})
"""What the end of a run is read as."""
_READABLE: Final = 3.6
"""Mean cost of a character up to which a text counts as one."""
_CHANGED: Final = 3.2
"""What it costs to take a character for another that looks alike: log of about one in twenty-five."""
_STROKES: Final = frozenset("1lI")
_STROKE: Final = 1.0
"""The same for those that many fonts draw alike."""
_WORTH: Final = 4.0
"""What all changes of a run must save together where it is ASCII as read, so that a run that was read right stays."""
_SURE: Final = 16.0
"""How far below what counts as a text a stretch must cost, so as not to be one by chance: 14 letters of English."""
_TWICE: Final = 2
"""Characters of four that may be misread."""


class _Path(msgspec.Struct, frozen=True):
    """The best text so far that ends as it does, and its cost."""

    text: str
    cost: float


def decoded(rows: Sequence[str]) -> str:
    """What the rows' base64 says, and the rows around it; empty where there is none that can be read."""
    said: list[str] = []
    found, left = False, REPAIRED
    for is_run, lines in _grouped(rows):
        texts = list[str]()
        for piece in _pieces(lines) if is_run else ():
            text = _text(piece, most=left)
            left -= min(left, len(piece))
            found |= bool(text)
            texts.append(text or piece)
        said += texts or lines
    return " ".join(said) if found else ""


def _grouped(rows: Sequence[str]) -> Iterator[tuple[bool, list[str]]]:
    """Rows that follow one another by whether they are encoded."""
    marks = list[bool]()
    for row in rows:
        marks.append(_looks_encoded(row) or (bool(marks) and marks[-1] and _ends(row)))
    for is_run, group in itertools.groupby(zip(marks, rows, strict=True), key=itemgetter(0)):
        yield is_run, [row for _, row in group]


def _looks_encoded(row: str) -> bool:
    body = row.replace(" ", "").translate(_PADDING)
    if not _RUN.fullmatch(body):
        return False
    if row.count(" ") > len(body) // 6:
        return False
    if body.endswith("="):
        return True
    if len(body) < 4:
        return False
    mixed = any(c.islower() for c in body[1:]) and any(c.isupper() for c in body[1:])
    return mixed or (len(body) >= SHORTEST // 2 and any(c.isdigit() for c in body))


def _ends(row: str) -> bool:
    """Whether a short row may be the end of the run above it, its padding unread."""
    body = row.strip()
    return 2 <= len(body) <= 3 and bool(_RUN.fullmatch(body)) and not body.isdigit() and not body.islower()


def _pieces(lines: Sequence[str]) -> list[str]:
    """What the lines of a run encode, cut where padding ends one text and another begins."""
    run = "".join(line.replace(" ", "") for line in lines).translate(_PADDING)
    return [piece for piece in _PADS.split(run) if piece]


def _text(piece: str, *, most: int) -> str:
    """What a piece says, its first `most` characters put right and the others as read; empty where that is no text."""
    if len(piece) < SHORTEST:
        return ""
    cut = len(piece) if len(piece) <= most else most // 4 * 4
    text = (_likeliest(piece[:cut]) + _as_read(piece[cut:])).strip()
    return text if unlikeliness(text) <= _READABLE else _within(piece)


def _within(piece: str) -> str:
    """The texts in a piece that is none as a whole, such as one with rows before it that move all others' places."""
    found = [one for start in range(4) for one in _stretches(_as_read(piece[start:]))]
    return " ".join(one.text for one in sorted(found, key=_start))


def _likeliest(piece: str) -> str:
    """The piece as it was read, or with characters changed where that makes much more sense."""
    plain, found = _as_read(piece), _repaired(piece)
    saved = sum(map(cost, " " + plain, plain)) - found.cost
    return plain if _ASCII.fullmatch(plain) and saved <= _WORTH else found.text


class _Stretch(msgspec.Struct, frozen=True):
    """A text in what was decoded, and where it begins."""

    start: int
    text: str


_start = attrgetter("start")


def _stretches(text: str) -> Iterator[_Stretch]:
    """The parts that read like a text: those whose costs stay furthest below what counts as one (Kadane's search)."""
    begin = end = 0
    gain = most = 0.0
    for at, (before, letter) in enumerate(zip(" " + text, text, strict=False)):
        if gain <= 0:
            if most > _SURE:
                yield _Stretch(begin, text[begin:end].strip())
            begin, gain, most = at, 0.0, 0.0
        gain += _READABLE - cost(before, letter)
        if gain > most:
            most, end = gain, at + 1
    if most > _SURE:
        yield _Stretch(begin, text[begin:end].strip())


def _as_read(piece: str) -> str:
    return _said(piece[: len(piece) - (len(piece) % 4 == 1)])


def _repaired(piece: str) -> _Path:
    """The piece decoded four characters at a time, those taken for others that look alike with which it reads best."""
    # Two paths that end in one character go on alike: the cheaper one stands for both.
    paths = {"": _Path("", 0.0)}
    for at in range(0, len(piece) - (len(piece) % 4 == 1), 4):
        before = dict[str, _Path]()
        best = dict[str, _Path]()
        for four in _candidates(piece[at : at + 4]):
            first, last = four.text[0], four.text[-1]
            if first not in before:
                before[first] = min((_joined(path, first) for path in paths.values()), key=_cost)
            found = before[first].cost + four.cost
            if last not in best or found < best[last].cost:
                best[last] = _Path(before[first].text + four.text, found)
        paths = best
    return min(paths.values(), key=_cost)


class _Four(msgspec.Struct, frozen=True):
    """What four characters may say, and what that costs: its letters, and to take the characters for others."""

    text: str
    cost: float


_cost = attrgetter("cost")


def _joined(path: _Path, first: str) -> _Path:
    """The path with the cost of the character that comes after it."""
    return _Path(path.text, path.cost + cost(path.text[-1:] or " ", first))


def _candidates(four: str) -> Iterator[_Four]:
    places = [at for at, letter in enumerate(four) if letter in _ALIKE]
    for changes in range(_TWICE + 1):
        for chosen in itertools.combinations(places, changes):
            for others in itertools.product(*(_ALIKE[four[at]] for at in chosen)):
                letters = list(four)
                for at, other in zip(chosen, others, strict=True):
                    letters[at] = other
                spent = sum(_STROKE if four[at] in _STROKES else _CHANGED for at in chosen)
                text = _said("".join(letters))
                yield _Four(text, spent + sum(map(cost, text, text[1:])))


def _said(four: str) -> str:
    return base64.b64decode(four + "=" * (-len(four) % 4)).decode("latin-1")
