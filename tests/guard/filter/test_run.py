from __future__ import annotations

import contextlib
import gzip
import json
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headgate.guard.filter.run import run_filter
from headgate.guard.rows import Columns, Exchange
from headgate.models.errors import ConfigError, InputError
from headgate.policies.verdict import Verdict

from .rows import DROPPED, GOOD, MONITOR, PLAIN, Counting, job, left, many, write


class Killed(BaseException):
    """Ends a run as a signal would: nothing of ours catches it."""


class Dying(Counting):
    """Judges a number of windows and is then killed."""

    def __init__(self, windows: int) -> None:
        super().__init__()
        self.windows = windows

    def __call__(self, rows: Sequence[Exchange]) -> list[Verdict]:
        if self.windows == 0:
            raise Killed
        self.windows -= 1
        return super().__call__(rows)


def test_rows_of_every_shape_are_kept_byte_for_byte(tmp_path: Path) -> None:
    odd = b'{ "text" :"spaces \\u00e9, and a carriage return" }\r\n'
    source = write(tmp_path / "in.jsonl", [*GOOD, odd, b'{"text": "no newline at the end"}'])
    report = run_filter(job(Counting(), tmp_path / "out", source))
    assert (tmp_path / "out" / "kept.jsonl").read_bytes() == source.read_bytes() + b"\n"
    assert (report.rows, report.kept, report.complete) == (5, 5, True)


def test_a_dropped_row_keeps_its_columns_and_says_why(tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", [GOOD[0], DROPPED])
    report = run_filter(job(Counting(), tmp_path / "out", source))
    (row,) = map(json.loads, (tmp_path / "out" / "dropped.jsonl").read_text().splitlines())
    note = row.pop("headgate")
    assert row == DROPPED
    assert note["action"] == "refuse"
    assert note["findings"][0]["category"] == "violence"
    assert "violence (severe) in response[0].content" in note["reason"]
    assert report.categories == {"violence": {"severe": 1}}
    assert (report.dropped, report.actions) == (1, {"allow": 1, "refuse": 1})


def test_what_cannot_be_read_is_set_aside_with_its_place_and_text(tmp_path: Path) -> None:
    bad = [b"not json\n", b"[1, 2]\n", b'{"prompt": 7}\n', b'{"text": "\xff"}\n', b"\n"]
    source = write(tmp_path / "in.jsonl", [GOOD[0], *bad])
    report = run_filter(job(Counting(), tmp_path / "out", source))
    errors = [json.loads(line) for line in (tmp_path / "out" / "errors.jsonl").read_text().splitlines()]
    assert [(error["line"], error["file"]) for error in errors] == [(line, str(source)) for line in (2, 3, 4, 5)]
    assert errors[0]["raw"] == "not json"
    assert "prompt must be a text" in errors[2]["reason"]
    assert (report.errors, report.kept, report.blank) == (4, 1, 1)


def test_every_row_goes_to_exactly_one_file(tmp_path: Path) -> None:
    rows = many(60)
    report = run_filter(job(Counting(), tmp_path / "out", write(tmp_path / "in.jsonl", rows), window=7))
    lines = {name: len(data.splitlines()) for name, data in left(tmp_path / "out").items()}
    assert sum(lines.values()) == report.rows == sum(row != b"\n" for row in rows)
    assert lines["kept.jsonl"] == report.kept
    assert json.loads((tmp_path / "out" / "report.json").read_bytes())["errors"] == report.errors == 6


def test_several_inputs_are_read_in_order_compressed_or_not(tmp_path: Path) -> None:
    first, second = write(tmp_path / "a.jsonl", many(10)), tmp_path / "b.jsonl.gz"
    second.write_bytes(gzip.compress(write(tmp_path / "b.jsonl", [*GOOD, DROPPED]).read_bytes()))
    run_filter(job(Counting(), tmp_path / "out", first, second, window=4))
    kept = (tmp_path / "out" / "kept.jsonl").read_bytes()
    assert kept.endswith(b"".join(json.dumps(row).encode() + b"\n" for row in GOOD))


def test_equal_rows_are_judged_once(tmp_path: Path) -> None:
    check = Counting()
    report = run_filter(job(check, tmp_path / "out", write(tmp_path / "in.jsonl", GOOD[:2] * 50), window=8))
    assert (check.asked, report.repeated, report.kept) == (2, 98, 100)


def test_monitoring_keeps_everything_and_still_counts(tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", [GOOD[0], DROPPED])
    report = run_filter(job(Counting(MONITOR), tmp_path / "out", source))
    assert (report.kept, report.dropped, report.actions["refuse"]) == (2, 0, 1)
    assert (tmp_path / "out" / "kept.jsonl").read_bytes() == source.read_bytes()


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deaths=st.lists(st.integers(0, 5), max_size=3), torn=st.binary(max_size=40))
def test_a_run_killed_and_resumed_leaves_the_bytes_of_an_undisturbed_one(
    tmp_path_factory: pytest.TempPathFactory, deaths: list[int], torn: bytes
) -> None:
    base = tmp_path_factory.mktemp("run")
    first, second = write(base / "a.jsonl", many(23)), write(base / "b.jsonl", many(11))
    run_filter(job(Counting(), base / "whole", first, second, window=6))
    for windows in deaths:
        with contextlib.suppress(Killed):
            run_filter(job(Dying(windows), base / "out", first, second, window=6, resume=True, every=0.0))
        with (base / "out" / "kept.jsonl").open("ab") as file:
            file.write(torn)
    report = run_filter(job(Counting(), base / "out", first, second, window=6, resume=True))
    assert left(base / "out") == left(base / "whole")
    assert (report.rows, report.complete) == (38, True)


def test_what_was_done_is_not_judged_again(tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", many(30))
    with pytest.raises(Killed):
        run_filter(job(Dying(2), tmp_path / "out", source, window=10, every=0.0))
    check = Counting()
    run_filter(job(check, tmp_path / "out", source, window=10, resume=True))
    assert 0 < check.asked < 20


def test_a_limited_run_can_be_taken_further(tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", many(20))
    report = run_filter(job(Counting(), tmp_path / "out", source, limit=5))
    assert not report.complete
    run_filter(job(Counting(), tmp_path / "out", source, resume=True))
    run_filter(job(Counting(), tmp_path / "whole", source))
    assert left(tmp_path / "out") == left(tmp_path / "whole")


def test_another_policy_or_input_is_not_mixed_into_a_run(tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", many(5))
    run_filter(job(Counting(), tmp_path / "out", source))
    other = Counting(PLAIN + "output: {minor: refuse}\n")
    with pytest.raises(ConfigError, match="changed since: policy_hash"):
        run_filter(job(other, tmp_path / "out", source, resume=True))
    write(source, many(6))
    with pytest.raises(ConfigError, match="sizes"):
        run_filter(job(Counting(), tmp_path / "out", source, resume=True))
    write(source, many(5))
    with pytest.raises(ConfigError, match="columns"):
        run_filter(job(Counting(), tmp_path / "out", source, resume=True, columns=Columns({"prompt": "q"})))


def test_an_old_run_is_not_overwritten_unless_told(tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", many(5))
    run_filter(job(Counting(), tmp_path / "out", source))
    before = left(tmp_path / "out")
    with pytest.raises(ConfigError, match=r"--resume .* --force"):
        run_filter(job(Counting(), tmp_path / "out", source))
    assert left(tmp_path / "out") == before
    run_filter(job(Counting(), tmp_path / "out", write(source, GOOD), force=True))
    assert (tmp_path / "out" / "kept.jsonl").read_bytes() == source.read_bytes()


def test_a_damaged_archive_ends_the_run_at_a_place_from_which_it_can_go_on(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl.gz"
    whole = gzip.compress(write(tmp_path / "in.jsonl", many(1000)).read_bytes())
    source.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="damaged after line"):
        run_filter(job(Counting(), tmp_path / "out", source, window=64, every=0.0))
    assert (tmp_path / "out" / "checkpoint.json").exists()


SLOW_RUN = """
import sys, time
from pathlib import Path
from headgate.guard.filter.run import run_filter
from tests.guard.filter.rows import Counting, job

class Slow(Counting):
    def __call__(self, rows):
        time.sleep(0.02)
        return super().__call__(rows)

run_filter(job(Slow(), Path(sys.argv[1]), Path(sys.argv[2]), window=8, resume=True, every=0.0))
"""


def test_a_process_killed_outright_is_resumed_to_the_same_bytes(tmp_path: Path) -> None:
    source, out = write(tmp_path / "in.jsonl", many(200)), tmp_path / "out"
    root = Path(__file__).parents[3]
    for _ in range(2):
        process = subprocess.Popen([sys.executable, "-c", SLOW_RUN, str(out), str(source)], cwd=root)
        before = _checkpoint(out)
        while _checkpoint(out) == before and process.poll() is None:
            time.sleep(0.005)
        process.kill()
        assert process.wait() == -signal.SIGKILL
    run_filter(job(Counting(), out, source, window=8, resume=True))
    run_filter(job(Counting(), tmp_path / "whole", source))
    assert left(out) == left(tmp_path / "whole")


def _checkpoint(folder: Path) -> bytes:
    path = folder / "checkpoint.json"
    return path.read_bytes() if path.exists() else b""
