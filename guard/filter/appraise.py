"""Judges the rows of shards: each row as what it asks, what was judged before not again, and what came of it."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final, Protocol

import msgspec

from ...models.errors import InputError
from ..bulk import Concluded
from ..rows import Exchange
from .answers import Answers
from .formats.block import Row
from .plan import Plan
from .report import Counts
from .sides import Sides, joined, sides

REMEMBERED: Final = 32_768
"""Verdicts kept for rows that occur again."""


class Judge(Protocol):
    """One conclusion for each row, in order; called from several threads."""

    def __call__(self, rows: Sequence[Exchange], *, threshold: float | None = None) -> Sequence[Concluded]:
        """Under the policy's thresholds, or with another one for what is unsafe at all."""
        ...


class Appraised(msgspec.Struct):
    """A row with what it asks, the threshold of its source, and what was concluded, or why nothing was: `error`.

    `own` is what was concluded of the row as it stands in its file, also where its answer was made again.
    `waits` says that another run may do better, as its upstream failed in a way that may pass.
    """

    row: Row
    sides: Sides | None = None
    threshold: float | None = None
    concluded: Concluded | None = None
    own: Concluded | None = None
    error: str = ""
    waits: bool = False


class Again(Protocol):
    """Makes rejected answers again, in place."""

    def __call__(self, rows: Sequence[Appraised], known: Answers) -> None:
        """Each row gets the conclusion of its new answer, or the error of the upstream that gave none."""
        ...


class Finds(Protocol):
    """Looks up scores that were brought along."""

    def of(self, row: Row, name: str, both: Sides) -> Sides:
        """The same with the row's scores in its exchanges."""
        ...


class Appraiser:
    """Safe from several threads, which share what was judged already."""

    def __init__(self, plan: Plan, judge: Judge, *, scores: Finds | None = None, again: Again | None = None) -> None:
        self._plan = plan
        self._judge = judge
        self._scores = scores
        self._again = again
        self._known: OrderedDict[bytes, Concluded] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(
        self, rows: Sequence[Row], name: str, counts: Counts, *, answers: Answers | None = None
    ) -> list[Appraised]:
        """What came of each row of the file `name`, in order; rows that were judged before count as repeated.

        `answers` are those of the upstream that are there already, and get those that are not.
        """
        found = [self._read(row, name) for row in rows]
        asked = [one for one in found if one.sides is not None]
        for one, concluded in zip(asked, self._conclusions(asked, counts), strict=True):
            one.concluded = one.own = concluded
        if self._again is not None:
            self._again(asked, answers or Answers())
        return found

    def _read(self, row: Row, name: str) -> Appraised:
        try:
            both = sides(row.fields or {}, self._plan.columns, preset=self._plan.preset)
            if self._scores is not None:
                both = self._scores.of(row, name, both)
        except InputError as error:
            return Appraised(row, error=str(error))
        return Appraised(row, both, self._threshold(row))

    def _conclusions(self, rows: Sequence[Appraised], counts: Counts) -> list[Concluded]:
        """One conclusion for each row; what was judged before, exactly alike, is not judged again."""
        every = [one.sides for one in rows if one.sides is not None]
        bounds = [one.threshold for one in rows]
        keys = [[_key(side, bound) for side in both.exchanges] for both, bound in zip(every, bounds, strict=True)]
        wanted: dict[float | None, dict[bytes, Exchange]] = {}
        found: dict[bytes, Concluded] = {}
        with self._lock:
            for own, both, bound in zip(keys, every, bounds, strict=True):
                for key, side in zip(own, both.exchanges, strict=True):
                    if (known := self._known.get(key)) is not None:
                        found[key] = known
                    else:
                        wanted.setdefault(bound, {}).setdefault(key, side)
        counts.repeated += sum(map(len, keys)) - sum(map(len, wanted.values()))
        for bound, asked in wanted.items():
            found.update(zip(asked, self._judge(list(asked.values()), threshold=bound), strict=True))
        with self._lock:
            self._known.update(found)
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        spare = self._plan.spare_rejected
        return [
            joined([found[key] for key in own], both, spare_rejected=spare)
            for own, both in zip(keys, every, strict=True)
        ]

    def _threshold(self, row: Row) -> float | None:
        thresholds = self._plan.thresholds
        return thresholds.get(str(self._plan.columns.get(row.fields or {}, "source"))) if thresholds else None


def _key(side: Exchange, threshold: float | None) -> bytes:
    try:
        data = msgspec.msgpack.encode((side, threshold))
    except UnicodeEncodeError:  # half a surrogate pair
        data = repr((side, threshold)).encode("utf-8", "backslashreplace")
    return hashlib.blake2b(data, digest_size=16).digest()
