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
_MARK = re.compile(r"[.!?…。！？｡；\n]")
"""With what every boundary begins: a search for one of some characters is many times as fast as one for a boundary."""
_SPACES = "".join(character for character in map(chr, range(0x3001)) if character.isspace())
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|cf|vs|etc|approx|no|dr|mr|mrs|ms|prof|st|[a-z])|(?:^|\n)\s*\d+)\.\s*$", re.I
)

_SHORT = frozenset(["cf", "vs", "etc", "approx", "no", "dr", "mr", "mrs", "ms", "prof", "st"])

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
        pending, pieces, done = self._pending, [], 0
        while cut := _cut(pending, done, self._looked, minimum=PIECES[min(self._cuts, len(PIECES) - 1)]):
            pieces.append(self._piece(pending[done:cut]))
            done = self._looked = cut
        # Cut off once: a long text that comes at once is not copied for each of its pieces.
        self._pending = pending = pending[done:] if done else pending
        self._looked = _end_of_words(pending, 0, len(pending))
        return pieces

    def _piece(self, text: str) -> Piece:
        judged = self._tail + text
        self._cuts += 1
        self._tail = judged[-TAIL:]
        return Piece(text, judged)


def _cut(text: str, start: int, looked: int, *, minimum: int) -> int:
    """Where to cut what begins at `start`, or 0 when it must wait for more; no boundary starts before `looked`."""
    least = start + minimum
    if len(text) <= least:
        return 0
    longest = start + LONGEST_PIECE
    # A boundary in a run that ends before the minimum is of no use, so the search begins with the run that is there.
    at = max(looked, _end_of_words(text, start, least))
    while found := _MARK.search(text, at, longest + 1):
        match = _BOUNDARY.match(text, found.start(), longest + 1)
        at = found.end() if match is None else match.end()
        if match is not None and at >= least and not _abbreviates(text, start, match.start(), at):
            return at
    if len(text) <= longest:
        return 0
    space = text.rfind(" ", least, longest)
    return space + 1 if space > 0 else longest


def _end_of_words(text: str, start: int, end: int) -> int:
    """The place behind the last character of [start, end) that is in no run; `start` where there is none."""
    return start + len(text[start:end].rstrip(_RUN))


def _abbreviates(text: str, start: int, mark: int, end: int) -> bool:
    """Whether the mark at `mark` belongs to an abbreviation or a list's number and ends no sentence."""
    before = text[max(start, mark - 16) : mark]
    word = before[before.rfind(" ") + 1 :]
    if len(word) > 1 and word.isascii() and word.isalpha() and word.lower() not in _SHORT:
        return False  # a whole word, and none of them
    return _ABBREVIATION.search(text[start:end], max(0, mark - start - 16)) is not None
