"""A whole run: which shards there are, who does them, and what is made of their pieces."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, TypeAlias

import msgspec

from ... import __version__
from ..files import STDIN, size_of
from .outputs import ERRORS, assemble, workbench
from .place import Halted, Place, place_of, writing
from .plan import Plan
from .report import Counts, FilterReport, Run, add, report, total
from .shards import SHARD_ROWS, Reading
from .store import REPORT, SHARDS, Key, Manifest, Marker, begin, check_sources, clear_shards, done, write_manifest

Engine: TypeAlias = Callable[[Reading], Iterator[Marker]]
"""Reads and does shards and gives their markers, in any order."""

_BINS: Final = ("kept", "dropped", "review", "regenerated", "errors", "tagged", "scores")


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One run: which rows, by which engine they are judged, where the results go.

    `limit` ends it after so many rows of the input; `cutoff` and `seed` draw a sample of them (see `where.chosen`);
    `max_errors` ends it once more rows than that could not be read. `options` are further settings under which rows
    come out otherwise, `upstream` names what makes answers again. `split` leaves the outputs in pieces.
    """

    inputs: tuple[str, ...]
    plan: Plan
    engine: Engine
    policy: str
    policy_hash: str
    mode: str
    models: tuple[str, ...]
    resume: bool = False
    force: bool = False
    mix: bool = False
    limit: int | None = None
    cutoff: int | None = None
    seed: int = 0
    max_errors: int | None = None
    shard_rows: int = SHARD_ROWS
    split: bool = False
    options: dict[str, str] = {}
    upstream: str = ""
    command: tuple[str, ...] = ()

    @property
    def place(self) -> Place:
        """Where the results go."""
        return place_of(self.plan.folder)


class Tally(msgspec.Struct):
    """How far a run came: counts, bytes read and in all, and the rows that were done before this start."""

    counts: Counts
    bytes: int
    of_bytes: int
    before: int


def run_filter(job: Job, *, progress: Callable[[Tally], None] = lambda tally: None) -> FilterReport:
    """Sorts all rows into the folder's outputs and returns the report that was written beside them.

    `progress` is told how far it came at the start and after each shard. Halted where the run ends early and can go on.
    """
    started = time.monotonic()
    run = run_of(job)
    place = job.place
    sources = (*job.inputs, job.plan.scores) if job.plan.scores else job.inputs
    check_sources(place, sources, held=_BINS)
    manifest = begin(place, _manifest(job, run), held=_BINS, resume=job.resume, force=job.force, mix=job.mix)
    if manifest.complete:
        clear_shards(place)
        return msgspec.json.decode(place.get(REPORT) or b"", type=FilterReport)
    markers = {key: marker for key, marker in done(place).items() if marker.over}
    tally = Tally(total(one.counts for one in markers.values()), 0, sum(run.sizes), 0)
    tally.before = _rows(tally.counts)
    progress(tally)
    for marker in job.engine(reading_of(job, markers)):
        markers[marker.key] = marker
        add(tally.counts, marker.counts)
        tally.bytes = _bytes(markers, run.sizes)
        progress(tally)
        _check_errors(job, tally.counts, markers)
    # A limit may end in a shard that was done before: only what was read tells whether it ended the input.
    complete = job.limit is None or sum(_rows(marker.counts) for marker in markers.values()) < job.limit
    complete = complete and (not tally.counts.waiting or STDIN in job.inputs)  # nothing comes on stdin twice
    seconds = time.monotonic() - started
    # Counted anew in order, so that caps and examples do not depend on who was done first.
    counts = total(markers[key].counts for key in sorted(markers))
    found = report(counts, run, complete=complete, seconds=seconds, judged=_rows(counts) - tally.before)
    with writing(place):
        _finish(job, place, markers, found, counts, manifest)
    return found


def _finish(
    job: Job, place: Place, markers: Mapping[Key, Marker], found: FilterReport, counts: Counts, manifest: Manifest
) -> None:
    """The outputs, then the report, then the manifest that says they are there."""
    split = job.split and found.complete
    _clear(place, markers, manifest, split=split)
    with workbench(place, markers) as folder:
        files = assemble(folder, markers, inputs=job.inputs, split=split, compression=job.plan.compression)
        for path in sorted(folder.iterdir()):
            if path.name != SHARDS:
                place.upload(path, path.name)
    place.put(REPORT, msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n")
    if job.plan.examples:
        from .page import PAGE, page

        place.put(PAGE, page(found, counts.examples).encode("utf-8", "backslashreplace"))
    write_manifest(place, msgspec.structs.replace(manifest, complete=found.complete, files=files))
    if found.complete:
        clear_shards(place)


def _clear(place: Place, markers: Mapping[Key, Marker], manifest: Manifest, *, split: bool) -> None:
    """Removes the outputs of an earlier start, which may have had others; all that is wanted is made again."""
    whole = {output for marker in markers.values() for output in marker.pieces} if split else set()
    for name in sorted({*manifest.files, ERRORS, *whole}):
        place.remove(name)


def reading_of(job: Job, done: Iterable[Key] = ()) -> Reading:
    """What of the inputs is left to read."""
    return Reading(
        inputs=job.inputs,
        plan=job.plan,
        limit=job.limit,
        cutoff=job.cutoff,
        seed=job.seed,
        rows=job.shard_rows,
        done=frozenset(done),
    )


def run_of(job: Job) -> Run:
    """What the run is made with, as its manifest says it."""
    plan = job.plan
    own = {
        "preset": plan.preset,
        "tag": str(plan.tag),
        "annotate": str(plan.annotate),
        "spare_rejected": str(plan.spare_rejected),
        "where": " ".join(f"{one.column}{one.sign}{one.value}" for one in plan.where),
        "cutoff": "" if job.cutoff is None else f"{job.cutoff}/{job.seed}",
        "shard_rows": str(job.shard_rows),
        "score_key": plan.score_key,
        "write_scores": str(plan.write_scores),
    }
    return Run(
        inputs=job.inputs,
        sizes=tuple(map(size_of, job.inputs)),
        columns=plan.columns.names,
        policy=job.policy,
        policy_hash=job.policy_hash,
        mode=job.mode,
        models=job.models,
        options={name: value for name, value in {**own, **job.options}.items() if value not in ("", "False")},
        upstream=job.upstream,
    )


def _manifest(job: Job, run: Run) -> Manifest:
    software = {"headgate": __version__, "python": ".".join(map(str, sys.version_info[:3]))}
    return Manifest(run=run, software=software, command=job.command)


def _check_errors(job: Job, counts: Counts, markers: Mapping[Key, Marker]) -> None:
    if job.max_errors is not None and counts.bins["errors"] > job.max_errors:
        place = job.place
        names = [markers[key].pieces[ERRORS][0] for key in sorted(markers) if ERRORS in markers[key].pieces]
        place.put(ERRORS, b"".join(place.get(f"{SHARDS}/{name}") or b"" for name in names))
        raise Halted(
            f"{counts.bins['errors']} rows could not be read, more than --max-errors {job.max_errors}: "
            f"the reasons are in {place}/{ERRORS}"
        )


def _rows(counts: Counts) -> int:
    return counts.rows + counts.blank + counts.left_out


def _bytes(markers: Mapping[Key, Marker], sizes: tuple[int, ...]) -> int:
    """Bytes of the inputs that were read, as far as the markers tell."""
    last = max(markers)
    return sum(sizes[: last.file]) + min(markers[last].offset, sizes[last.file] or markers[last].offset)
