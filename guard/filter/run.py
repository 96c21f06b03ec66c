"""Reads, judges and sorts the rows of data sets, a bounded window at a time."""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeAlias

import msgspec

from ...models.errors import InputError
from ...policies.verdict import Verdict
from ..files import STDIN
from ..rows import Columns, Exchange, exchange
from .read import Line, lines
from .report import Counts, FilterReport, Run, report
from .sort import BOM, annotated, bin_of, ended, unread
from .write import REPORT, Checkpoint, Writer, begin, replace

CheckMany: TypeAlias = Callable[[Sequence[Exchange]], Sequence[Verdict]]
"""Judges rows, in order, as the gateway would judge them."""

WINDOW: Final = 1024
REMEMBERED: Final = 65_536
"""Verdicts kept for rows that occur again."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One run: which rows, by whom they are judged, where the results go.

    `window` rows are held in memory at a time; a checkpoint is written when `every` seconds have passed.
    """

    inputs: tuple[str, ...]
    folder: Path
    check: CheckMany
    policy: str
    policy_hash: str
    mode: str
    models: tuple[str, ...]
    columns: Columns = Columns()
    resume: bool = False
    force: bool = False
    limit: int | None = None
    window: int = WINDOW
    every: float = 1.0


class _Row(msgspec.Struct):
    """A line, the row in it or the reason why there is none, and its verdict once judged."""

    line: Line
    row: dict[str, Any] = {}
    exchange: Exchange | None = None
    error: str = ""


class _Judging:
    """Judges windows of rows; what was judged before, exactly alike, is not judged again."""

    def __init__(self, check: CheckMany) -> None:
        self._check = check
        self._known: OrderedDict[bytes, Verdict] = OrderedDict()

    def verdicts(self, rows: Sequence[Exchange], counts: Counts) -> list[Verdict]:
        keys = [hashlib.blake2b(msgspec.msgpack.encode(row), digest_size=16).digest() for row in rows]
        fresh: dict[bytes, Exchange] = {}
        for key, row in zip(keys, rows, strict=True):
            if key not in self._known:
                fresh.setdefault(key, row)
        counts.repeated += len(rows) - len(fresh)
        self._known.update(zip(fresh, self._check(list(fresh.values())), strict=True))
        found = [self._known[key] for key in keys]
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return found


def run_filter(job: Job, *, progress: Callable[[Counts], None] = lambda counts: None) -> FilterReport:
    """Sorts all rows into the folder's files and returns the report that was written beside them.

    `progress` is told the counts at the start, which a resumed run does not begin at zero, and after each window.
    """
    started = time.monotonic()
    run = _run_of(job)
    start = begin(job.folder, run, resume=job.resume, force=job.force)
    counts, before = start.counts, start.counts.rows + start.counts.blank
    progress(counts)
    left = None if job.limit is None else max(0, job.limit - before)
    source = lines(job.inputs, start=start.position)
    with Writer(job.folder, start) as writer:
        _sort_all(job, start, writer, islice(source, left), progress)
    seconds = time.monotonic() - started
    done = counts.rows + counts.blank - before
    complete = left is None or next(source, None) is None
    found = report(counts, run, complete=complete, seconds=seconds, judged=done)
    replace(job.folder / REPORT, msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n")
    return found


def _sort_all(
    job: Job, start: Checkpoint, writer: Writer, source: Iterator[Line], progress: Callable[[Counts], None]
) -> None:
    counts, position, saved = start.counts, start.position, time.monotonic()
    judging = _Judging(job.check)
    while window := list(islice(source, job.window)):
        _sort_window([_read(line, job.columns) for line in window if line.raw.strip()], judging, writer, counts)
        counts.blank += sum(not line.raw.strip() for line in window)
        position = window[-1].after
        if time.monotonic() - saved >= job.every:
            writer.commit(start.run, position, counts)
            saved = time.monotonic()
        progress(counts)
    writer.commit(start.run, position, counts)


def _sort_window(rows: Sequence[_Row], judging: _Judging, writer: Writer, counts: Counts) -> None:
    verdicts = iter(judging.verdicts([row.exchange for row in rows if row.exchange is not None], counts))
    for row in rows:
        line = row.line
        if row.exchange is None:
            counts.note_error()
            writer.write("errors", unread(line.file, line.number, line.raw, row.error))
            continue
        verdict = next(verdicts)
        bin = bin_of(verdict)
        counts.note(verdict, bin)
        writer.write(bin, ended(line.raw) if bin == "kept" else annotated(line.raw, row.row, verdict))


def _read(line: Line, columns: Columns) -> _Row:
    raw = line.raw.removeprefix(BOM) if line.number == 1 else line.raw
    try:
        row = _DECODER.decode(raw)
        return _Row(line=line, row=row, exchange=exchange(row, columns))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return _Row(line=line, error=f"not a JSON object: {error}")
    except InputError as error:
        return _Row(line=line, error=str(error))


def _run_of(job: Job) -> Run:
    sizes: Mapping[str, int] = {name: 0 if name == STDIN else Path(name).stat().st_size for name in job.inputs}
    return Run(
        inputs=job.inputs,
        sizes=tuple(sizes[name] for name in job.inputs),
        columns=job.columns.names,
        policy=job.policy,
        policy_hash=job.policy_hash,
        mode=job.mode,
        models=job.models,
    )


_DECODER: Final = msgspec.json.Decoder(dict[str, Any])
