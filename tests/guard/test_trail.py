from __future__ import annotations

import json
import multiprocessing
import os
from pathlib import Path

import pytest

from headgate.guard.audit import verify
from headgate.guard.trail import Trail, trail_files
from headgate.models.errors import ConfigError

KEY = b"k"


def write(path: Path, count: int, **more: int) -> None:
    trail = Trail(path, key=KEY, **more)
    for number in range(count):
        trail.append(b'{"id":"%d-%d"}' % (os.getpid(), number))
    trail.close()


def rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for file in trail_files(path) for line in file.read_bytes().splitlines()]


def test_a_trail_goes_on_where_it_ended(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    write(path, 2)
    write(path, 3)
    found = verify([path], key=KEY)
    assert (found.fault, found.lines) == (None, 5)


def test_one_chain_runs_through_the_lines_of_many_processes(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=write, args=(path, 40), kwargs={"max_bytes": 4000}) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(trail_files(path)) > 2
    found = verify(trail_files(path), key=KEY)
    assert (found.fault, found.lines) == (None, 120)
    assert len({row["id"] for row in rows(path)}) == 120


def test_rotation_keeps_the_chain_and_tells_what_was_let_go(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    write(path, 30, max_bytes=1000, keep=2)
    files = trail_files(path)
    assert len(files) == 3
    assert all(file.stat().st_size <= 1000 for file in files)
    found = verify(files, key=KEY)
    assert found.fault is None
    assert found.first is not None
    assert found.first > 0
    assert any("dropped_through" in row for row in rows(path))
    # Whoever deletes one file more is found out.
    files[0].unlink()
    assert verify(files[1:], key=KEY).fault is not None


def test_an_empty_file_after_a_rotation_follows_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    write(path, 3)
    path.rename(tmp_path / "audit.jsonl.1")
    write(path, 1)
    assert verify(trail_files(path), key=KEY).lines == 4


def test_a_torn_last_line_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    write(path, 2)
    with path.open("ab") as file:
        file.write(b'{"id":"torn')
    write(path, 1)
    lines = path.read_bytes().splitlines()
    assert json.loads(lines[-1])["chain"]["seq"] == 2
    fault = verify([path], key=KEY).fault
    assert fault is not None
    assert fault.line == 3


def test_a_line_longer_than_what_is_read_back_is_found_whole(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    trail = Trail(path, key=KEY)
    trail.append(b'{"id":"' + b"x" * 200_000 + b'"}')
    trail.close()
    write(path, 1)
    assert verify([path], key=KEY).lines == 2


def test_a_file_moved_away_by_somebody_else_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    trail = Trail(path, key=KEY)
    trail.append(b"{}")
    path.rename(tmp_path / "audit.jsonl.7")
    trail.append(b"{}")
    trail.close()
    assert verify(trail_files(path), key=KEY).lines == 2


def test_a_file_that_cannot_be_opened_is_a_setting_to_correct(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot write audit records"):
        Trail(tmp_path / "absent" / "audit.jsonl", key=None)
