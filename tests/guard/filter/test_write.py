from __future__ import annotations

from pathlib import Path

import pytest

from headgate.guard.filter.read import Position
from headgate.guard.filter.report import Counts, Run
from headgate.guard.filter.write import CHECKPOINT, Checkpoint, Writer, begin, differences, path_of, replace
from headgate.models.errors import ConfigError

RUN = Run(inputs=("a",), sizes=(1,), columns={}, policy="p", policy_hash="h", mode="enforce", models=("m@0",))


def _once(folder: Path) -> Checkpoint:
    start = begin(folder, RUN, resume=False, force=False)
    with Writer(folder, start) as writer:
        writer.write("kept", b"one\n")
        writer.commit(RUN, Position(file=0, line=1), Counts(rows=1))
    return begin(folder, RUN, resume=True, force=False)


def test_a_checkpoint_brings_back_position_sizes_and_counts(tmp_path: Path) -> None:
    found = _once(tmp_path / "out")
    assert (found.position, found.sizes["kept"], found.counts.rows) == (Position(file=0, line=1), 4, 1)


def test_what_follows_the_checkpoint_is_cut_off(tmp_path: Path) -> None:
    found = _once(tmp_path)
    with path_of(tmp_path, "kept").open("ab") as file:
        file.write(b"torn li")
    with Writer(tmp_path, found) as writer:
        writer.write("kept", b"two\n")
    assert path_of(tmp_path, "kept").read_bytes() == b"one\ntwo\n"


def test_rows_that_vanished_are_noticed(tmp_path: Path) -> None:
    _once(tmp_path)
    path_of(tmp_path, "kept").write_bytes(b"")
    with pytest.raises(ConfigError, match="shorter than its checkpoint"):
        begin(tmp_path, RUN, resume=True, force=False)


@pytest.mark.parametrize("resume", [False, True])
def test_a_folder_with_rows_but_no_checkpoint_is_not_written_over(tmp_path: Path, resume: bool) -> None:
    path_of(tmp_path, "kept").write_bytes(b"somebody's rows\n")
    with pytest.raises(ConfigError, match=r"already holds kept\.jsonl"):
        begin(tmp_path, RUN, resume=resume, force=False)


def test_a_run_killed_before_its_first_row_can_be_resumed(tmp_path: Path) -> None:
    begin(tmp_path, RUN, resume=False, force=False)
    assert begin(tmp_path, RUN, resume=True, force=False) == Checkpoint(run=RUN)


def test_a_broken_checkpoint_is_named(tmp_path: Path) -> None:
    (tmp_path / CHECKPOINT).write_bytes(b"{")
    with pytest.raises(ConfigError, match=r"checkpoint\.json is no checkpoint"):
        begin(tmp_path, RUN, resume=True, force=False)


def test_runs_differ_by_name() -> None:
    other = Run(inputs=("a",), sizes=(2,), columns={}, policy="p", policy_hash="x", mode="enforce", models=("m@0",))
    assert differences(RUN, other) == ["sizes", "policy_hash"]


def test_a_small_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    replace(path, b"old")
    replace(path, b"new")
    assert (path.read_bytes(), len(list(tmp_path.iterdir()))) == (b"new", 1)
