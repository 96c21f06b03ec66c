"""What an upstream has answered to the rows of a shard, kept so that no row pays twice for another one that failed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import msgspec

from ...models.errors import ConfigError
from ..conversation import Message
from .place import Place
from .store import ANSWERS, SHARDS, Key


class Kept(msgspec.Struct, frozen=True):
    """One answer: the number of its row, the digest of what was asked, and its text."""

    row: int
    asked: str
    text: str


class RowAnswers:
    """The answers to one row, in the order in which they were asked for."""

    def __init__(self, row: int, kept: list[Kept]) -> None:
        self._row = row
        self._kept = kept
        self._next = 0

    def ask(self, messages: Sequence[Message], complete: Callable[[Sequence[Message]], str]) -> str:
        """The answer that is there to exactly this question, or the one that `complete` gives; raises what it does."""
        asked = hashlib.sha256(msgspec.json.encode(list(messages))).hexdigest()[:32]
        known = self._kept[self._next : self._next + 1]
        if not known or known[0].asked != asked:
            known = [Kept(self._row, asked, complete(messages))]
            self._kept[self._next :] = known
        self._next += 1
        return known[0].text


class Answers:
    """The answers to a shard; safe from several threads, as long as each row is one thread's."""

    def __init__(self, kept: Sequence[Kept] = ()) -> None:
        self._rows: dict[int, list[Kept]] = {}
        for one in kept:
            self._rows.setdefault(one.row, []).append(one)

    def of(self, row: int) -> RowAnswers:
        """Those to one row, from the first on."""
        return RowAnswers(row, self._rows.setdefault(row, []))

    @property
    def kept(self) -> list[Kept]:
        """All of them, by row and in order."""
        return [one for row in sorted(self._rows) for one in self._rows[row]]


def read_answers(place: Place, key: Key) -> Answers:
    """What an earlier run left of a shard, or nothing; ConfigError where somebody changed it."""
    name = f"{SHARDS}/{key.name}{ANSWERS}"
    data = place.get(name)
    try:
        return Answers(msgspec.json.decode(data, type=list[Kept]) if data else ())
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{place}/{name} holds no answers of this version (--force starts anew)") from error


def keep_answers(place: Place, key: Key, answers: Answers) -> None:
    """Leave what a shard was answered for the run that goes on with it."""
    if kept := answers.kept:
        place.put(f"{SHARDS}/{key.name}{ANSWERS}", msgspec.json.encode(kept))
