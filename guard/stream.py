"""The sentence gate: text in, judged-at-once pieces out; no I/O.

Where a text is cut depends on the text alone, never on how it arrived: any chunking of the same answer gives the same
pieces, so that a streamed answer and a whole one are judged alike. Pieces join to exactly the text that came in.
"""

from __future__ import annotations

import re
from typing import Final, Literal

import msgspec

PIECES: Final = (24, 60, 120, 240)
"""Characters before the first, second, ... cut, the last for all later ones: a stream starts early and costs little."""
LONGEST_PIECE: Final = 600
"""A text without any boundary is cut here, so that nothing is held without end."""
TAIL: Final = 100
"""Characters of the text before a piece that are judged with it: a harm may straddle a cut."""

# Possessive runs and a look-ahead: a boundary is final as soon as it is seen, whatever comes later.
_BOUNDARY = re.compile(r"""(?:[.!?…]++["'”’)\]»*_`]*+\s++|[。！？｡；]++[」』”’）]*+\s*+|\n\s*+)(?=\S)""")
_SPACES = "".join(character for character in map(chr, range(0x3001)) if character.isspace())
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|cf|vs|etc|approx|no|dr|mr|mrs|ms|prof|st|[a-z])|(?:^|\n)\s*\d+)\.\s*$", re.I
)

# Every boundary lies within one run of these characters, so a run that has ended is never looked at again.
_RUN = "".join({*".!?…。！？｡；", *"\"'”’)]»*_`」』）", *_SPACES})

Hold = Literal["sentence", "answer"]


def sentences(text: str) -> int:
    """How many sentences or lines a text has, as pieces are cut."""
    return len(_BOUNDARY.findall(text)) + 1 if text.strip() else 0


class Piece(msgspec.Struct, frozen=True):
    """A stretch of the answer to be judged: `text` may be released, `judged` is what the classifier reads."""

    text: str
    judged: str


class SentenceGate:
    """Joins deltas and cuts them at sentence, line or CJK boundaries; with hold="answer" it never cuts.

    `before` is the text that the answer continues, judged with its first piece.
    """

    def __init__(self, *, hold: Hold = "sentence", before: str = "") -> None:
        self.hold = hold
        self._pending = ""
        self._looked = 0
        self._chunks: list[str] = []
        self._tail = before[-TAIL:]
        self._cuts = 0

    @property
    def pending(self) -> str:
        """The text of the piece that is not complete yet; with hold="answer" none of it."""
        return self._pending

    def replaced(self, text: str) -> None:
        """The last piece left as this text instead: it is what the next one is judged with."""
        self._tail = text[-TAIL:]

    def feed(self, text: str) -> list[Piece]:
        """The pieces that `text` completes, in order."""
        if self.hold == "answer":
            self._chunks.append(text)
            return []
        self._pending += text
        return self._drain()

    def finish(self) -> list[Piece]:
        """What is left when the answer ends."""
        rest = self._pending + "".join(self._chunks)
        self._pending, self._chunks, self._looked = "", [], 0
        return [self._piece(rest)] if rest else []

    def _drain(self) -> list[Piece]:
        pieces = []
        while cut := _cut(self._pending, self._looked, minimum=PIECES[min(self._cuts, len(PIECES) - 1)]):
            pieces.append(self._piece(self._pending[:cut]))
            self._pending, self._looked = self._pending[cut:], 0
        self._looked = len(self._pending.rstrip(_RUN))
        return pieces

    def _piece(self, text: str) -> Piece:
        piece = Piece(text=text, judged=self._tail + text)
        self._cuts += 1
        self._tail = (self._tail + text)[-TAIL:]
        return piece


def _cut(pending: str, looked: int, *, minimum: int) -> int:
    """Where to cut `pending`, or 0 when it must wait for more; no boundary starts before `looked`."""
    if len(pending) <= minimum:
        return 0
    for match in _BOUNDARY.finditer(pending, looked, LONGEST_PIECE + 1):
        if match.end() >= minimum and not _ABBREVIATION.search(pending, max(0, match.start() - 16), match.end()):
            return match.end()
    if len(pending) <= LONGEST_PIECE:
        return 0
    space = pending.rfind(" ", minimum, LONGEST_PIECE)
    return space + 1 if space > 0 else LONGEST_PIECE
