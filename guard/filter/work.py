"""What a worker does with one shard: read its rows, judge them, sort them, write the pieces, then the marker."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec

from ...models.content import Text
from ...models.errors import InputError
from ...policies.verdict import Action, Coverage, Missed, Verdict
from ..bulk import Concluded
from ..rows import Columns, Exchange
from .formats.block import Block, Format, Row
from .formats.choose import open_format
from .formats.pieces import settle
from .note import Note, note_of, scores_of
from .report import Counts, Example
from .sides import Sides, joined, sides
from .sort import Bin, bin_of, unread
from .store import SHARDS, Key, Marker, mark, writing
from .where import Condition, holds

REMEMBERED: Final = 32_768
"""Verdicts kept for rows that occur again."""
_EXCERPT: Final = 600


class Judge(Protocol):
    """One conclusion for each row, in order; called from several threads."""

    def __call__(self, rows: Sequence[Exchange], *, threshold: float | None = None) -> Sequence[Concluded]:
        """Under the policy's thresholds, or with another one for what is unsafe at all."""
        ...


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What every worker of a run must know; may travel to another machine.

    `tag` keeps all rows in one output with their verdicts; `annotate` writes verdicts beside kept rows too;
    `compression` is that of lines; `examples` collects rows for the report; `thresholds` are those of a `source`.
    """

    folder: str
    columns: Columns = Columns()
    preset: str = ""
    tag: bool = False
    annotate: bool = False
    spare_rejected: bool = False
    where: tuple[Condition, ...] = ()
    compression: str = ""
    examples: bool = False
    thresholds: dict[str, float] = {}
    glance: bool = False


class Shard(msgspec.Struct, kw_only=True):
    """Some rows of one file, on their way to a worker."""

    key: Key
    name: str
    block: Block
    cut: bool = False


class _Placed(msgspec.Struct):
    """A row with its place in the block, and what is judged of it."""

    pick: int
    row: Row
    sides: Sides | None = None


class Worker:
    """Does shards; safe from several threads, which share what was judged already. `judge` is None with policy off."""

    def __init__(self, plan: Plan, judge: Judge | None) -> None:
        self.plan = plan
        self._judge = judge
        self._known: OrderedDict[bytes, Concluded] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, shard: Shard) -> Marker:
        """Write the shard's pieces and marker; Halted where they cannot be written."""
        format = open_format(shard.name, compression=self.plan.compression, glance=self.plan.glance)
        counts = Counts()
        outputs = self._sort(format, shard, counts)
        pieces: dict[str, tuple[str, int]] = {}
        place = Path(self.plan.folder) / SHARDS
        with writing(place):
            for output, data in outputs.items():
                name = f"{shard.key.name}.{output}"
                with (place / name).open("wb") as file:
                    file.write(data)
                    settle(file)
                pieces[output] = (name, len(data))
            marker = Marker(key=shard.key, counts=counts, pieces=pieces, offset=shard.block.offset, cut=shard.cut)
            mark(Path(self.plan.folder), marker)
        return marker

    def _sort(self, format: Format, shard: Shard, counts: Counts) -> dict[str, bytes]:
        rows: list[_Placed] = []
        bad: list[bytes] = []
        for pick, row in enumerate(format.rows(shard.block)):
            if row is None:
                counts.blank += 1
            elif row.error:
                self._fail(shard, row, bad, counts)
            elif self.plan.where and not holds(row.fields or {}, self.plan.where):
                counts.left_out += 1
            else:
                rows.append(_Placed(pick, row))
        if shard.block.fault:
            last = shard.block.numbers[-1] if shard.block.numbers else 0
            self._fail(shard, Row(number=last, error=shard.block.fault), bad, counts)
        bins = self._judged(rows, shard, bad, counts)
        outputs: dict[str, bytes] = {}
        for name, picked in bins.items():
            if picked:
                file = BytesIO()
                picks, notes = zip(*picked, strict=True)
                format.encode(shard.block, picks=picks, notes=notes, file=file)
                outputs[f"{name}{format.suffix}"] = file.getvalue()
        if bad:
            outputs["errors.jsonl"] = b"".join(bad)
        return outputs

    def _judged(
        self, rows: Sequence[_Placed], shard: Shard, bad: list[bytes], counts: Counts
    ) -> dict[str, list[tuple[int, Note | None]]]:
        if self._judge is None:
            return self._passed(rows, counts)
        for one in rows:
            try:
                one.sides = sides(one.row.fields or {}, self.plan.columns, preset=self.plan.preset)
            except InputError as error:
                one.row.error = str(error)
                self._fail(shard, one.row, bad, counts)
        asked = [one for one in rows if one.sides is not None]
        names = ("tagged",) if self.plan.tag else ("kept", "dropped", "review")
        bins: dict[str, list[tuple[int, Note | None]]] = {name: [] for name in names}
        for one, found in zip(asked, self._conclusions(asked, counts), strict=True):
            bin = bin_of(found.verdict)
            note = self._note(found)
            counts.note(found.verdict, bin)
            counts.note_score(bin, note.scores.get("unsafe"))
            self._describe(one, note, bin, shard, counts)
            wants = self.plan.tag or self.plan.annotate or bin != "kept"
            bins["tagged" if self.plan.tag else bin].append((one.pick, note if wants else None))
        return bins

    def _passed(self, rows: Sequence[_Placed], counts: Counts) -> dict[str, list[tuple[int, Note | None]]]:
        """Policy off: nothing is judged, and every note says so."""
        if rows:
            counts.note(UNGUARDED, "kept", times=len(rows))
        note = _UNGUARDED_NOTE if self.plan.tag or self.plan.annotate else None
        return {"tagged" if self.plan.tag else "kept": [(one.pick, note) for one in rows]}

    def _conclusions(self, rows: Sequence[_Placed], counts: Counts) -> list[Concluded]:
        """One conclusion for each row; what was judged before, exactly alike, is not judged again."""
        assert self._judge is not None
        every = [one.sides for one in rows if one.sides is not None]
        bounds = [self._threshold(one.row.fields or {}) for one in rows]
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
        spare = self.plan.spare_rejected
        return [
            joined([found[key] for key in own], both, spare_rejected=spare)
            for own, both in zip(keys, every, strict=True)
        ]

    def _threshold(self, fields: Mapping[str, Any]) -> float | None:
        return self.plan.thresholds.get(str(self.plan.columns.get(fields, "source"))) if self.plan.thresholds else None

    def _note(self, found: Concluded) -> Note:
        return note_of(found.verdict, scores_of(found.assessments))

    def _describe(self, one: _Placed, note: Note, bin: Bin, shard: Shard, counts: Counts) -> None:
        fields = one.row.fields or {}
        for name in ("source", "lang"):
            counts.note_by(name, self.plan.columns.get(fields, name), bin)
        if self.plan.examples:
            text = _excerpt(one.sides)
            counts.note_example(bin, Example(file=shard.name, number=one.row.number, reason=note.reason, text=text))

    @staticmethod
    def _fail(shard: Shard, row: Row, bad: list[bytes], counts: Counts) -> None:
        counts.note_error()
        bad.append(unread(shard.name, row.number, row.raw, row.error))


UNGUARDED: Final = Verdict(
    action=Action.ALLOW,
    coverage=Coverage(unjudged=(Missed(part="", reason="policy_off", action=Action.ALLOW),)),
    policy="off",
)
_UNGUARDED_NOTE: Final = msgspec.structs.replace(note_of(UNGUARDED, {}), reason="not judged: the policy is off")


def _key(side: Exchange, threshold: float | None) -> bytes:
    try:
        data = msgspec.msgpack.encode((side, threshold))
    except UnicodeEncodeError:  # half a surrogate pair
        data = repr((side, threshold)).encode("utf-8", "backslashreplace")
    return hashlib.blake2b(data, digest_size=16).digest()


def _excerpt(both: Sides | None) -> str:
    if both is None:
        return ""
    texts: list[str] = []
    for one in both.exchanges:
        texts += [part.text for part in one.prompt if isinstance(part, Text)]
        answer: str | Mapping[str, Any] | None = one.response
        if answer is not None:
            texts.append(answer if isinstance(answer, str) else str(answer.get("content") or ""))
    whole = "\n— ".join(texts)
    return whole[:_EXCERPT] + ("…" if len(whole) > _EXCERPT else "")
