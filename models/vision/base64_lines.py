"""Base64 that was read off an image: broken over lines, with letters that look alike mixed up."""

from __future__ import annotations

import base64
import itertools
import re
from collections.abc import Iterator, Sequence
from typing import Final

from ..words import hits

SHORTEST: Final = 16
"""Characters of a run that is worth decoding."""

_RUN: Final = re.compile(r"[A-Za-z0-9+/=]+")
_ALIKE: Final = {
    "0": "O", "O": "0", "1": "lI", "l": "1I", "I": "l1", "5": "S", "S": "5", "8": "B", "B": "8", "2": "Z", "Z": "2",
    "c": "C", "C": "c", "s": "S", "v": "V", "V": "v", "w": "W", "W": "w", "x": "X", "X": "x", "z": "Z", "o": "O0",
    "u": "U", "U": "u", "k": "K", "K": "k", "p": "P", "P": "p", "j": "i", "i": "j",
}  # fmt: skip
_USUAL: Final = frozenset(b" abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ,.'?!-")
_READABLE: Final = 0.85


def decoded(rows: Sequence[str]) -> str:
    """What the rows' base64 says, and the rows around it; empty where there is none that can be read."""
    said: list[str] = []
    found = False
    for is_run, group in itertools.groupby(rows, key=_looks_encoded):
        lines = list(group)
        text = _text("".join(line.replace(" ", "") for line in lines)) if is_run else ""
        found |= bool(text)
        said += [text] if text else lines
    return " ".join(said) if found else ""


def _looks_encoded(row: str) -> bool:
    body = row.replace(" ", "")
    if not _RUN.fullmatch(body) or len(body) < 4:
        return False
    if row.count(" ") > len(body) // 6:
        return False
    mixed = any(c.islower() for c in body[1:]) and any(c.isupper() for c in body[1:])
    return mixed or body.endswith("=") or (len(body) >= SHORTEST // 2 and any(c.isdigit() for c in body))


def _text(run: str) -> str:
    """The run decoded four characters at a time, each repaired where another letter that looks alike reads better."""
    body = run.rstrip("=")
    if len(body) < SHORTEST:
        return ""
    text = b"".join(_best(body[at : at + 4]) for at in range(0, len(body) - len(body) % 4, 4))
    if len(body) % 4 > 1:
        text += _best(body[-(len(body) % 4) :])
    usual = sum(byte in _USUAL for byte in text)
    plain = text.decode("ascii", "replace").replace("�", "?").strip()
    return plain if text and usual >= _READABLE * len(text) and hits(plain) else ""


def _best(four: str) -> bytes:
    return max(_candidates(four), key=lambda found: sum(byte in _USUAL for byte in found))


def _candidates(four: str) -> Iterator[bytes]:
    # As read comes first: max keeps the first of equals.
    yield _bytes(four)
    for at, letter in enumerate(four):
        for other in _ALIKE.get(letter, ""):
            yield _bytes(four[:at] + other + four[at + 1 :])


def _bytes(four: str) -> bytes:
    return base64.b64decode(four + "=" * (-len(four) % 4))
