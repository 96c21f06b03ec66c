"""Base64 that was read off an image: broken over lines, with letters that look alike mixed up."""

from __future__ import annotations

import base64
import itertools
import re
from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Final

import msgspec

from .letter_pairs import cost, unlikeliness

SHORTEST: Final = 16
"""Characters of a run that is worth decoding."""

_RUN: Final = re.compile(r"[A-Za-z0-9+/=]+")
_ALIKE: Final = {
    "0": "Oo", "O": "0", "1": "lI", "l": "1I", "I": "l1", "5": "S", "S": "5", "8": "B", "B": "8", "2": "Z", "Z": "2",
    "c": "C", "C": "c", "s": "S", "v": "V", "V": "v", "w": "W", "W": "w", "x": "X", "X": "x", "z": "Z", "o": "O0",
    "u": "U", "U": "u", "k": "K", "K": "k", "p": "P", "P": "p", "j": "i", "i": "j",
}  # fmt: skip
_PADDING: Final = str.maketrans({"二": "=", "＝": "=", "三": "="})
"""What the end of a run is read as."""
_READABLE: Final = 3.6
"""Mean cost of a character up to which a text counts as one."""
_CHANGED: Final = 2.5
"""What it costs to take a character for another that looks alike: log of about one in ten."""
_STROKES: Final = frozenset("1lI")
_STROKE: Final = 1.0
"""The same for those that many fonts draw alike."""
_TWICE: Final = 2
"""Characters of four that may be misread."""


class _Path(msgspec.Struct, frozen=True):
    """The best text so far that ends as it does, and its cost."""

    text: str
    cost: float


def decoded(rows: Sequence[str]) -> str:
    """What the rows' base64 says, and the rows around it; empty where there is none that can be read."""
    said: list[str] = []
    found = False
    for is_run, lines in _grouped(rows):
        text = _text("".join(line.replace(" ", "") for line in lines)) if is_run else ""
        found |= bool(text)
        said += [text] if text else lines
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


def _text(run: str) -> str:
    """The run decoded four characters at a time, those taken for others that look alike with which it reads best."""
    body = run.translate(_PADDING).rstrip("=")
    if len(body) < SHORTEST or "=" in body:
        return ""
    paths = [_Path("", 0.0)]
    for at in range(0, len(body) - (len(body) % 4 == 1), 4):
        # Two paths that end in one character go on alike: the cheaper one stands for both.
        best: dict[str, _Path] = {}
        for path in paths:
            for four in _candidates(body[at : at + 4]):
                found = _longer(path, four)
                if found.text[-1:] not in best or found.cost < best[found.text[-1:]].cost:
                    best[found.text[-1:]] = found
        paths = list(best.values())
    text = min(paths, key=lambda path: path.cost).text.strip()
    return text if unlikeliness(text) <= _READABLE else ""


class _Four(msgspec.Struct, frozen=True):
    """What four characters may say, and what it costs to take them for that."""

    text: str
    cost: float


def _longer(path: _Path, four: _Four) -> _Path:
    last = path.text[-1:] or " "
    return _Path(path.text + four.text, path.cost + four.cost + sum(map(cost, last + four.text, four.text)))


def _candidates(four: str) -> Iterator[_Four]:
    places = [at for at, letter in enumerate(four) if letter in _ALIKE]
    for changes in range(_TWICE + 1):
        for chosen in itertools.combinations(places, changes):
            for others in itertools.product(*(_ALIKE[four[at]] for at in chosen)):
                letters = list(four)
                for at, other in zip(chosen, others, strict=True):
                    letters[at] = other
                spent = sum(_STROKE if four[at] in _STROKES else _CHANGED for at in chosen)
                yield _Four(_said("".join(letters)), spent)


def _said(four: str) -> str:
    return base64.b64decode(four + "=" * (-len(four) % 4)).decode("latin-1")
