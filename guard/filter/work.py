"""What a worker does with one shard: read its rows, judge them, sort them, write the pieces, then the marker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Final

import msgspec

from ...policies.verdict import Action, Coverage, Missed, Verdict
from .formats.block import Block, Format, Row
from .formats.choose import open_format
from .formats.lines import Lines
from .note import Note, note_of, scores_of
from .outputs import SCORES
from .place import Halted, place_of
from .plan import Plan
from .report import Counts, Example
from .sort import BINS, REGENERATED, Bin, bin_of, gap, unread
from .store import SHARDS, Key, Marker, mark
from .where import holds

if TYPE_CHECKING:
    from ..bulk import Concluded
    from .answers import Answers
    from .appraise import Again, Appraised, Finds, Judge


class Shard(msgspec.Struct, kw_only=True):
    """Some rows of one file, on their way to a worker."""

    key: Key
    name: str
    block: Block
    cut: bool = False


class _Picked(msgspec.Struct):
    """Rows of one output: their places in the block, and what is written beside each."""

    picks: list[int] = []
    notes: list[Note | None] = []


class _Sorted(msgspec.Struct):
    """What a shard comes to: rows by output, lines of errors and of scores."""

    bins: dict[str, _Picked]
    bad: list[bytes] = []
    scores: list[bytes] = []


class Worker:
    """Does shards; safe from several threads, which share what was judged already. `judge` is None with policy off."""

    def __init__(
        self, plan: Plan, judge: Judge | None, *, scores: Finds | None = None, again: Again | None = None
    ) -> None:
        self.plan = plan
        self.place = place_of(plan.folder)
        self._appraiser = None
        if judge is not None:
            # Here and not above: a run that judges nothing starts without the guard.
            from .appraise import Appraiser

            if scores is None and plan.scores:
                from .scores import ScoreFile

                scores = ScoreFile(plan.scores, key=plan.score_key, alone=plan.alone)
            self._appraiser = Appraiser(plan, judge, scores=scores, again=again)

    def __call__(self, shard: Shard) -> Marker:
        """Write the shard's pieces and marker; Halted where they cannot be written."""
        counts = Counts()
        pieces: dict[str, tuple[str, int]] = {}
        for output, data in self._outputs(shard, counts).items():
            name = f"{shard.key.name}.{output}"
            self.place.put(f"{SHARDS}/{name}", data)
            pieces[output] = (name, len(data))
        marker = Marker(key=shard.key, counts=counts, pieces=pieces, offset=shard.block.offset, cut=shard.cut)
        mark(self.place, marker)
        return marker

    def _outputs(self, shard: Shard, counts: Counts) -> dict[str, bytes]:
        format = open_format(shard.name, compression=self.plan.compression, glance=self.plan.glance)
        with self._answers(shard, counts) as answers:
            found = self._sorted(format, shard, counts, answers)
        outputs: dict[str, bytes] = {}
        for name, picked in found.bins.items():
            if picked.picks:
                file = BytesIO()
                format.encode(shard.block, picks=picked.picks, notes=picked.notes, file=file)
                outputs[f"{name}{format.suffix}"] = file.getvalue()
        for name, lines in (("errors.jsonl", found.bad), (SCORES, found.scores)):
            if lines:
                outputs[name] = b"".join(lines)
        return outputs

    @contextmanager
    def _answers(self, shard: Shard, counts: Counts) -> Iterator[Answers | None]:
        """What upstream has answered to the shard; left behind where the shard is to be made again."""
        if self.plan.upstream is None:
            yield None
            return
        from .answers import keep_answers, read_answers

        answers = read_answers(self.place, shard.key)
        try:
            yield answers
        except Halted:
            keep_answers(self.place, shard.key, answers)
            raise
        if counts.waiting or shard.cut:
            keep_answers(self.place, shard.key, answers)

    def _sorted(self, format: Format, shard: Shard, counts: Counts, answers: Answers | None) -> _Sorted:
        bins = ("tagged",) if self.plan.tag else (*(bin for bin in BINS if bin != "errors"), REGENERATED)
        found = _Sorted({name: _Picked() for name in bins})
        if self.plan.glance and not shard.block.fault and isinstance(format, Lines) and format.whole(shard.block):
            self._pass(list(range(len(shard.block.numbers))), found, counts)
            return found
        rows = self._read(format, shard, found, counts)
        if shard.block.fault:
            last = shard.block.numbers[-1] if shard.block.numbers else 0
            _fail(shard, Row(number=last), shard.block.fault, found, counts)
        if self._appraiser is None:
            self._pass([row.pick for row in rows], found, counts)
            return found
        for one in self._appraiser(rows, shard.name, counts, answers=answers):
            if one.error:
                _fail(shard, one.row, one.error, found, counts)
                counts.waiting += one.waits
            else:
                self._place(one, shard, found, counts)
            if self.plan.write_scores and one.own is not None:
                found.scores.append(self._scores(one, one.own, shard))
        return found

    def _read(self, format: Format, shard: Shard, found: _Sorted, counts: Counts) -> list[Row]:
        """The rows that are to be judged; all others are counted."""
        rows: list[Row] = []
        for pick, row in enumerate(format.rows(shard.block)):
            if row is None:
                counts.blank += 1
            elif row.error:
                _fail(shard, row, row.error, found, counts)
            elif self.plan.where and not holds(row.fields or {}, self.plan.where):
                counts.left_out += 1
            else:
                row.pick = pick
                rows.append(row)
        return rows

    def _pass(self, picks: list[int], found: _Sorted, counts: Counts) -> None:
        """Policy off: nothing is judged, and every note says so."""
        if picks:
            counts.note(UNGUARDED, "kept", times=len(picks))
        note = _UNGUARDED_NOTE if self.plan.tag or self.plan.annotate else None
        found.bins["tagged" if self.plan.tag else "kept"] = _Picked(picks, [note] * len(picks))

    def _place(self, one: Appraised, shard: Shard, found: _Sorted, counts: Counts) -> None:
        """Counts a judged row and puts it where its verdict sends it."""
        assert one.concluded is not None
        verdict = one.concluded.verdict
        bin: Bin = bin_of(verdict)
        if one.concluded.answer is not None:
            bin = "review" if gap(verdict) else REGENERATED
        note = note_of(verdict, scores_of(one.concluded.assessments), answer=one.concluded.answer)
        counts.note(verdict, bin)
        counts.note_score(bin, note.scores.get("unsafe"))
        self._describe(one, note, bin, shard, counts)
        wants = self.plan.tag or self.plan.annotate or bin != "kept"
        picked = found.bins["tagged" if self.plan.tag else bin]
        picked.picks.append(one.row.pick)
        picked.notes.append(note if wants else None)

    def _scores(self, one: Appraised, own: Concluded, shard: Shard) -> bytes:
        """The line of a row's own scores, never those of an answer that was made in its place."""
        from .score_lines import line_of
        from .scores import base_of, key_of

        place: dict[str, object] = {"file": base_of(shard.name), "line": one.row.number}
        key = self.plan.score_key
        if key and (value := key_of(one.row.fields or {}, key)) is not None:
            place[key] = value
        return line_of(own, place)

    def _describe(self, one: Appraised, note: Note, bin: Bin, shard: Shard, counts: Counts) -> None:
        fields: Mapping[str, object] = one.row.fields or {}
        for name in ("source", "lang"):
            counts.note_by(name, self.plan.columns.get(fields, name), bin)
        if self.plan.examples and one.sides is not None:
            from .sides import excerpt

            text = excerpt(one.sides)
            counts.note_example(bin, Example(file=shard.name, number=one.row.number, reason=note.reason, text=text))


UNGUARDED: Final = Verdict(
    action=Action.ALLOW,
    coverage=Coverage(unjudged=(Missed(part="", reason="policy_off", action=Action.ALLOW),)),
    policy="off",
)
_UNGUARDED_NOTE: Final = msgspec.structs.replace(note_of(UNGUARDED, {}), reason="not judged: the policy is off")


def _fail(shard: Shard, row: Row, reason: str, found: _Sorted, counts: Counts) -> None:
    counts.note_error()
    found.bad.append(unread(shard.name, row.number, row.raw, reason))
