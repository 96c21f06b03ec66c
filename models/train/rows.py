"""One training row, whatever set it came from, and the columns that the model predicts."""

from __future__ import annotations

import hashlib
import re

import msgspec

from ..taxonomy import SLUGS

SEVERITY_HEADS = ("severity_1", "severity_2", "severity_3")
HEADS: tuple[str, ...] = ("unsafe", *SEVERITY_HEADS, "sensitive", "refusal", *SLUGS)
UNKNOWN = -1.0
_NOT_WORD = re.compile(r"\W+")


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A labelled text; every target is 0..1, or `UNKNOWN` where the set says nothing about it.

    `categories` lists the slugs that hold, `maybe` those that might; None means that no category is known. `group`
    names what near-duplicates share where their text does not tell.
    """

    source: str
    marker: str
    prompt: str
    response: str | None = None
    unsafe: float = UNKNOWN
    attack: float = 0.0
    severity: int = -1
    sensitive: float = 0.0
    refusal: float = UNKNOWN
    categories: tuple[str, ...] | None = None
    maybe: tuple[str, ...] = ()
    weight: float = 1.0
    english: bool = True
    hard: bool = False
    licence: str = "CC0-1.0"
    group: str = ""

    @property
    def positive(self) -> bool:
        """Whether any gate should stop this text."""
        return self.unsafe > 0.5 or self.attack > 0.5


def group_key(row: Row) -> int:
    """A number that near-duplicates share, so that they stay on one side of the validation split."""
    text = row.group or (row.prompt if row.prompt.strip() else row.response or "")
    plain = _NOT_WORD.sub("", text.lower())[:48]
    return int.from_bytes(hashlib.blake2b(plain.encode(), digest_size=8).digest(), "big")
