from __future__ import annotations

from pathlib import Path

import pytest

from headgate.guard.filter.report import Counts, Run
from headgate.guard.filter.store import (
    MANIFEST,
    SHARDS,
    Key,
    Manifest,
    Marker,
    begin,
    begin_scratch,
    clear_shards,
    differences,
    done,
    mark,
    pieces_of,
)
from headgate.models.errors import ConfigError

RUN = Run(inputs=("a",), sizes=(1,), columns={}, policy="p", policy_hash="h", mode="enforce", models=("m@0",))
MADE = Manifest(run=RUN, software={})


def _piece(folder: Path, key: Key, data: bytes) -> None:
    name = f"{key.name}.kept.jsonl"
    (folder / SHARDS / name).write_bytes(data)
    mark(folder, Marker(key=key, counts=Counts(), pieces={"kept.jsonl": (name, len(data))}))


def test_shards_count_once_they_are_marked_and_in_the_order_of_their_places(tmp_path: Path) -> None:
    begin_scratch(tmp_path)
    for key in (Key(1, 0), Key(0, 12), Key(0, 2)):
        _piece(tmp_path, key, key.name.encode())
    (tmp_path / SHARDS / "00000-0000099.kept.jsonl").write_bytes(b"not marked")
    markers = done(tmp_path)
    assert list(markers) == [Key(0, 2), Key(0, 12), Key(1, 0)]
    assert [path.read_bytes() for path in pieces_of(tmp_path, markers, "kept.jsonl")] == [
        key.name.encode() for key in markers
    ]
    assert not (tmp_path / SHARDS / "00000-0000099.kept.jsonl").exists()
    clear_shards(tmp_path)
    assert not (tmp_path / SHARDS).exists()


def test_a_piece_that_was_changed_is_noticed(tmp_path: Path) -> None:
    begin_scratch(tmp_path)
    _piece(tmp_path, Key(0, 0), b"four")
    (tmp_path / SHARDS / "00000-0000000.kept.jsonl").write_bytes(b"")
    with pytest.raises(ConfigError, match="not as its marker says"):
        done(tmp_path)


def test_a_broken_marker_and_a_broken_manifest_are_named(tmp_path: Path) -> None:
    begin_scratch(tmp_path)
    (tmp_path / SHARDS / "00000-0000000.done").write_bytes(b"{")
    with pytest.raises(ConfigError, match="no marker"):
        done(tmp_path)
    (tmp_path / MANIFEST).write_bytes(b"{")
    with pytest.raises(ConfigError, match="no manifest"):
        begin(tmp_path, MADE, held=["kept"], resume=True, force=False)


@pytest.mark.parametrize("resume", [False, True])
def test_a_folder_with_rows_but_no_manifest_is_not_written_over(tmp_path: Path, resume: bool) -> None:
    (tmp_path / "kept.csv").write_bytes(b"somebody's rows\n")
    with pytest.raises(ConfigError, match=r"already holds kept\.csv"):
        begin(tmp_path, MADE, held=["kept"], resume=resume, force=False)
    begin(tmp_path, MADE, held=["kept"], resume=False, force=True)
    assert not (tmp_path / "kept.csv").exists()


def test_a_run_killed_before_its_first_row_can_be_resumed(tmp_path: Path) -> None:
    begin(tmp_path, MADE, held=["kept"], resume=False, force=False)
    assert begin(tmp_path, MADE, held=["kept"], resume=True, force=False).run == RUN


def test_runs_differ_by_name() -> None:
    other = Run(inputs=("a",), sizes=(2,), columns={}, policy="p", policy_hash="x", mode="enforce", models=("m@0",))
    assert differences(RUN, other) == ["sizes", "policy_hash"]
