from __future__ import annotations

import contextlib
import gzip
import json
import random
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headgate.guard.bulk import Concluded
from headgate.guard.filter.place import Halted
from headgate.guard.filter.run import run_filter
from headgate.guard.filter.store import SHARDS
from headgate.guard.filter.where import conditions, cutoff_for
from headgate.guard.rows import Columns, Exchange
from headgate.models.errors import ConfigError

from ..dialogue import WORSE
from .rows import DROPPED, GOOD, MONITOR, PLAIN, Counting, job, left, many, read, write


class Killed(BaseException):
    """Ends a run as a signal would: nothing of ours catches it."""


class Dying(Counting):
    """Judges a number of shards and is then killed."""

    def __init__(self, shards: int) -> None:
        super().__init__()
        self.shards = shards

    def __call__(self, rows: Sequence[Exchange], *, threshold: float | None = None) -> list[Concluded]:
        if self.shards == 0:
            raise Killed
        self.shards -= 1
        return super().__call__(rows, threshold=threshold)


def test_rows_of_every_shape_are_kept_byte_for_byte(tmp_path: Path) -> None:
    odd = b'{ "text" :"spaces \\u00e9, and a carriage return" }\r\n'
    source = write(tmp_path / "in.jsonl", [*GOOD, odd, b'{"text": "no newline at the end"}'])
    report = run_filter(job(Counting(), tmp_path / "out", source))
    assert (tmp_path / "out" / "kept.jsonl").read_bytes() == source.read_bytes() + b"\n"
    assert (report.rows, report.kept, report.complete) == (5, 5, True)
    assert not (tmp_path / "out" / SHARDS).exists()


def test_a_dropped_row_keeps_its_columns_and_says_why(tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", [GOOD[0], DROPPED])
    report = run_filter(job(Counting(), tmp_path / "out", source))
    (row,) = read(tmp_path / "out", "dropped.jsonl")
    note = row.pop("headgate")
    assert row == DROPPED
    assert (note["action"], note["severity"], note["categories"]) == ("refuse", "severe", ["violence"])
    assert "violence (severe) in response[0].content" in note["reason"]
    assert (note["scores"]["violence"], note["scores"]["unsafe"], note["models"]) == (0.95, 0.95, ["fake@0"])
    assert (report.categories, report.actions) == ({"violence": {"severe": 1}}, {"allow": 1, "refuse": 1})


CHAT = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": "a", "chosen": WORSE},
        {"prompt": "a", "chosen": None, "rejected": WORSE},
        {"messages": CHAT, "response": WORSE},
        {"messages": CHAT, "prompt": WORSE},
        {"messages": CHAT, "text": WORSE},
        {"text": "a", "response": WORSE},
        {"prompt": "a", "response": "b", "text": WORSE},
        {"prompt": "a", "chosen": "b", "rejected": "c", "messages": [{"role": "user", "content": WORSE}]},
        {"kind": "text", "prompt": "a", "response": WORSE},
        {"kind": "prompt", "prompt": "a", "response": WORSE},
    ],
)
def test_no_column_that_is_read_hides_what_stands_in_another(tmp_path: Path, row: dict[str, Any]) -> None:
    report = run_filter(job(Counting(), tmp_path / "out", write(tmp_path / "in.jsonl", [row])))
    assert (report.kept, report.dropped, report.errors) == (0, 1, 0)


def test_tagging_keeps_all_rows_in_order_with_their_verdicts(tmp_path: Path) -> None:
    rows = [GOOD[0], DROPPED, GOOD[1]]
    run_filter(job(Counting(), tmp_path / "out", write(tmp_path / "in.jsonl", rows), tag=True))
    found = read(tmp_path / "out", "tagged.jsonl")
    assert [row.pop("headgate")["action"] for row in found] == ["allow", "refuse", "allow"]
    assert found == rows


def test_with_the_policy_off_nothing_is_judged_and_every_row_says_so(tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", [*GOOD, DROPPED, b"oops\n"])
    report = run_filter(job(None, tmp_path / "out", source, annotate=True, glance=True))
    assert (report.kept, report.errors, report.unjudged) == (4, 1, {"policy_off": 4})
    assert {row["headgate"]["reason"] for row in read(tmp_path / "out", "kept.jsonl")} == {
        "not judged: the policy is off"
    }


def test_what_cannot_be_read_is_set_aside_with_its_place_and_text(tmp_path: Path) -> None:
    bad = [b"not json\n", b"[1, 2]\n", b'{"prompt": 7}\n', b'{"text": "\xff"}\n', b"\n"]
    source = write(tmp_path / "in.jsonl", [GOOD[0], *bad])
    report = run_filter(job(Counting(), tmp_path / "out", source))
    errors = read(tmp_path / "out", "errors.jsonl")
    assert sorted((error["line"], error["file"]) for error in errors) == [(line, str(source)) for line in (2, 3, 4, 5)]
    assert {error["line"]: error["raw"] for error in errors}[2] == "not json"
    assert any("prompt must be a text" in error["reason"] for error in errors)
    assert (report.errors, report.kept, report.blank) == (4, 1, 1)


def test_too_many_errors_end_the_run_where_it_can_go_on(tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", many(60))
    with pytest.raises(Halted, match="more than --max-errors 2"):
        run_filter(job(Counting(), tmp_path / "out", source, rows=10, max_errors=2))
    assert len(read(tmp_path / "out", "errors.jsonl")) > 2
    report = run_filter(job(Counting(), tmp_path / "out", source, rows=10, resume=True))
    assert (report.errors, report.complete) == (6, True)


def test_every_row_goes_to_exactly_one_file(tmp_path: Path) -> None:
    rows = many(60)
    report = run_filter(job(Counting(), tmp_path / "out", write(tmp_path / "in.jsonl", rows), rows=7, threads=3))
    lines = {name: len(data.splitlines()) for name, data in left(tmp_path / "out").items()}
    assert sum(lines.values()) == report.rows == sum(row != b"\n" for row in rows)
    assert lines["kept.jsonl"] == report.kept
    assert json.loads((tmp_path / "out" / "report.json").read_bytes())["errors"] == report.errors == 6


def test_several_inputs_are_read_in_order_compressed_or_not(tmp_path: Path) -> None:
    first, second = write(tmp_path / "a.jsonl", many(10)), tmp_path / "b.jsonl.gz"
    second.write_bytes(gzip.compress(write(tmp_path / "b.jsonl", [*GOOD, DROPPED]).read_bytes()))
    run_filter(job(Counting(), tmp_path / "out", first, second, rows=4))
    kept = (tmp_path / "out" / "kept.jsonl").read_bytes()
    assert kept.endswith(b"".join(json.dumps(row).encode() + b"\n" for row in GOOD))


def test_equal_rows_are_judged_once(tmp_path: Path) -> None:
    check = Counting()
    report = run_filter(job(check, tmp_path / "out", write(tmp_path / "in.jsonl", GOOD[:2] * 50), rows=8))
    assert (check.asked, report.repeated, report.kept) == (2, 98, 100)


def test_monitoring_keeps_everything_and_still_counts(tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", [GOOD[0], DROPPED])
    report = run_filter(job(Counting(MONITOR), tmp_path / "out", source))
    assert (report.kept, report.dropped, report.actions["refuse"]) == (2, 0, 1)
    assert (tmp_path / "out" / "kept.jsonl").read_bytes() == source.read_bytes()


def test_conditions_and_a_sample_choose_rows_and_a_sample_is_the_same_every_time(tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", [{"text": f"line {n}", "n": n} for n in range(400)])
    report = run_filter(job(Counting(), tmp_path / "few", source, where=conditions(["n<100"])))
    assert (report.kept, report.left_out) == (100, 300)
    half = cutoff_for(0.5)
    run_filter(job(Counting(), tmp_path / "one", source, cutoff=half, rows=7))
    run_filter(job(Counting(), tmp_path / "two", source, cutoff=half, rows=64))
    assert left(tmp_path / "one") == left(tmp_path / "two")
    assert 150 < len(read(tmp_path / "one", "kept.jsonl")) < 250


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deaths=st.lists(st.integers(0, 5), max_size=3), torn=st.binary(max_size=40), threads=st.integers(1, 3))
def test_a_run_killed_and_resumed_leaves_the_bytes_of_an_undisturbed_one(
    tmp_path_factory: pytest.TempPathFactory, deaths: list[int], torn: bytes, threads: int
) -> None:
    base = tmp_path_factory.mktemp("run")
    first, second = write(base / "a.jsonl", many(23)), write(base / "b.jsonl", many(11))
    run_filter(job(Counting(), base / "whole", first, second, rows=6))
    for shards in deaths:
        with contextlib.suppress(Killed):
            run_filter(job(Dying(shards), base / "out", first, second, rows=6, resume=True))
        if (place := base / "out" / SHARDS).is_dir():
            (place / "00000-0000003.kept.jsonl.half").write_bytes(torn)
    report = run_filter(job(Counting(), base / "out", first, second, rows=6, resume=True, threads=threads))
    assert left(base / "out") == left(base / "whole")
    assert (report.rows, report.complete) == (38, True)


def test_what_was_done_is_not_judged_again(tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", many(30))
    with pytest.raises(Killed):
        run_filter(job(Dying(2), tmp_path / "out", source, rows=10))
    check = Counting()
    run_filter(job(check, tmp_path / "out", source, rows=10, resume=True))
    assert 0 < check.asked < 20


def test_a_limited_run_can_be_taken_further(tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", many(20))
    report = run_filter(job(Counting(), tmp_path / "out", source, limit=5))
    assert not report.complete
    run_filter(job(Counting(), tmp_path / "out", source, resume=True))
    run_filter(job(Counting(), tmp_path / "whole", source))
    assert left(tmp_path / "out") == left(tmp_path / "whole")


@pytest.mark.parametrize("limit", [1, 3, 4, 12])
def test_a_limit_that_ends_in_what_is_done_completes_nothing(tmp_path: Path, limit: int) -> None:
    source = write(tmp_path / "in.jsonl", [{"text": f"line {n}"} for n in range(12)])
    out = tmp_path / "out"
    run_filter(job(Counting(), out, source, rows=3, limit=7))
    report = run_filter(job(Counting(), out, source, rows=3, limit=limit, resume=True))
    assert not report.complete
    assert (out / SHARDS).exists()
    report = run_filter(job(Counting(), out, source, rows=3, limit=13, resume=True))
    assert (report.kept, report.complete) == (12, True)


def test_another_policy_or_input_is_not_mixed_into_a_run_unless_told(tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", many(15))
    run_filter(job(Counting(), tmp_path / "out", source, rows=5, limit=5))
    other = Counting(PLAIN + "output: {minor: refuse}\n")
    with pytest.raises(ConfigError, match=r"changed since: policy_hash .*--mix"):
        run_filter(job(other, tmp_path / "out", source, rows=5, resume=True))
    with pytest.raises(ConfigError, match="columns"):
        run_filter(job(Counting(), tmp_path / "out", source, rows=5, resume=True, columns=Columns({"prompt": "q"})))
    run_filter(job(other, tmp_path / "out", source, rows=5, resume=True, mix=True))
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_bytes())
    assert manifest["mixed"][0]["policy_hash"] != manifest["run"]["policy_hash"]
    write(source, many(16))
    with pytest.raises(ConfigError, match="sizes"):
        run_filter(job(other, tmp_path / "out", source, rows=5, resume=True, mix=True))


def test_an_old_run_is_not_overwritten_unless_told(tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", many(5))
    run_filter(job(Counting(), tmp_path / "out", source))
    before = left(tmp_path / "out")
    with pytest.raises(ConfigError, match=r"--resume .* --force"):
        run_filter(job(Counting(), tmp_path / "out", source))
    assert left(tmp_path / "out") == before
    run_filter(job(Counting(), tmp_path / "out", write(source, GOOD), force=True))
    assert (tmp_path / "out" / "kept.jsonl").read_bytes() == source.read_bytes()


def test_a_damaged_archive_is_an_error_with_its_place_and_the_next_file_is_read(tmp_path: Path) -> None:
    broken, whole = tmp_path / "a.jsonl.gz", write(tmp_path / "b.jsonl", GOOD)
    packed = gzip.compress(write(tmp_path / "in.jsonl", many(1000)).read_bytes())
    broken.write_bytes(packed[: len(packed) // 2])
    report = run_filter(job(Counting(), tmp_path / "out", broken, whole))
    errors = [one for one in read(tmp_path / "out", "errors.jsonl") if "damaged after line" in one["reason"]]
    assert [one["file"] for one in errors] == [str(broken)]
    assert read(tmp_path / "out", "kept.jsonl")[-3:] == GOOD
    assert report.complete


def test_rows_of_a_source_may_have_a_threshold_of_their_own(tmp_path: Path) -> None:
    row = {"text": f"some {WORSE} news"}
    source = write(tmp_path / "in.jsonl", [{**row, "source": name} for name in ("a", "b")])
    run_filter(job(Counting(), tmp_path / "out", source, thresholds={"b": 0.99}))
    assert [row["source"] for row in read(tmp_path / "out", "kept.jsonl")] == ["b"]
    assert [row["source"] for row in read(tmp_path / "out", "dropped.jsonl")] == ["a"]


def test_pieces_may_stay_apart(tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", [{"text": f"line {n}"} for n in range(10)])
    run_filter(job(Counting(), tmp_path / "out", source, rows=4, split=True))
    names = sorted(path.name for path in (tmp_path / "out").glob("kept*"))
    assert names == [f"kept.{n:05d}.jsonl" for n in range(3)]
    assert b"".join((tmp_path / "out" / name).read_bytes() for name in names) == source.read_bytes()


def test_parts_of_an_earlier_start_do_not_stay_beside_the_outputs(tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", [{"text": f"line {n}"} for n in range(10)])
    out = tmp_path / "out"
    run_filter(job(Counting(), out, source, rows=4, limit=3, split=True))
    assert (out / "kept.jsonl").exists()
    (out / "kept.own.txt").write_bytes(b"somebody's")
    run_filter(job(Counting(), out, source, rows=4, split=True, resume=True))
    names = sorted(path.name for path in out.glob("kept*"))
    assert names == [*(f"kept.{n:05d}.jsonl" for n in range(3)), "kept.own.txt"]
    manifest = json.loads((out / "manifest.json").read_bytes())
    assert "kept.jsonl" not in manifest["files"]


def test_outputs_that_a_mixed_run_no_longer_has_go(tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", [DROPPED, {"text": "fine"}])
    run_filter(job(Counting(), tmp_path / "out", source, rows=4, limit=1))
    assert (tmp_path / "out" / "dropped.jsonl").stat().st_size
    run_filter(job(Counting(MONITOR), tmp_path / "out", source, rows=4, resume=True, mix=True))
    assert not (tmp_path / "out" / "dropped.jsonl").stat().st_size


@pytest.mark.parametrize("force", [False, True])
def test_a_file_that_is_to_be_read_is_not_written_over(tmp_path: Path, force: bool) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (tmp_path / "in.jsonl").symlink_to(write(out / "kept.jsonl", GOOD))
    scores = write(out / "scores.jsonl", [{"unsafe": 0.1}] * len(GOOD))
    own = write(tmp_path / "own.jsonl", GOOD)
    cases: list[tuple[Path, dict[str, Any]]] = [
        (out / "kept.jsonl", {}),
        (tmp_path / "in.jsonl", {}),
        (own, {"scores": str(scores)}),
        (write(out / "report.json", GOOD), {}),
    ]
    for source, more in cases:
        with pytest.raises(ConfigError, match="would be overwritten"):
            run_filter(job(Counting(), out, source, force=force, **more))
    assert (read(out, "kept.jsonl"), len(read(out, "scores.jsonl"))) == (GOOD, len(GOOD))
    run_filter(job(Counting(), out, write(out / "rows.jsonl", GOOD), force=True))
    assert read(out, "rows.jsonl") == read(out, "kept.jsonl") == GOOD


@pytest.mark.parametrize("output", ["", "out"])
def test_a_folder_that_is_read_is_not_written_into(tmp_path: Path, output: str) -> None:
    data = tmp_path / "data"
    (data / output).mkdir(parents=True)
    kept = data / output / "kept.txt"
    kept.write_text("A calm day.")
    (tmp_path / "link").symlink_to(data)
    for source in (data, tmp_path / "link"):
        with pytest.raises(ConfigError, match="write to a folder beside it"):
            run_filter(job(Counting(), data / output, source, force=True))
    assert kept.read_text() == "A calm day."


def test_a_run_that_lost_its_manifest_loses_no_shards(tmp_path: Path) -> None:
    source, out = write(tmp_path / "in.jsonl", many(20)), tmp_path / "out"
    with pytest.raises(Killed):
        run_filter(job(Dying(2), out, source, rows=4))
    manifest = out / "manifest.json"
    manifest.rename(out / "manifest.json.0a1b.new")
    for resume in (True, False):
        with pytest.raises(ConfigError, match=r"no manifest\.json: rename .* or --force"):
            run_filter(job(Counting(), out, source, rows=4, resume=resume))
    (out / "manifest.json.0a1b.new").rename(manifest)
    assert run_filter(job(Counting(), out, source, rows=4, resume=True)).complete


def test_the_manifest_says_what_was_made_with_what(tmp_path: Path) -> None:
    run_filter(job(Counting(), tmp_path / "out", write(tmp_path / "in.jsonl", GOOD)))
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_bytes())
    assert manifest["complete"]
    assert manifest["run"]["models"] == ["fake@0"]
    assert manifest["files"]["kept.jsonl"]["bytes"] == (tmp_path / "out" / "kept.jsonl").stat().st_size


SLOW_RUN = """
import sys, time
from pathlib import Path
from headgate.guard.filter.run import run_filter
from tests.guard.filter.rows import Counting, job

class Slow(Counting):
    def __call__(self, rows, *, threshold=None):
        time.sleep(0.02)
        return super().__call__(rows)

run_filter(
    job(Slow(), Path(sys.argv[1]), Path(sys.argv[2]), rows=4, resume=True, threads=2),
    progress=lambda tally: print(tally.counts.rows, flush=True),
)
"""


def test_a_process_killed_outright_again_and_again_is_resumed_to_the_same_bytes(tmp_path: Path) -> None:
    source, out = write(tmp_path / "in.jsonl", many(160)), tmp_path / "out"
    root = Path(__file__).parents[3]
    steps = random.Random(7)
    for _ in range(4):
        process = subprocess.Popen(
            [sys.executable, "-c", SLOW_RUN, str(out), str(source)], cwd=root, stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        for _ in range(steps.randrange(1, 9)):
            process.stdout.readline()
        process.kill()
        process.stdout.close()
        assert process.wait() in (-signal.SIGKILL, 0)
    run_filter(job(Counting(), out, source, rows=4, resume=True))
    run_filter(job(Counting(), tmp_path / "whole", source, rows=4))
    assert left(out) == left(tmp_path / "whole")
