from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from headgate.guard.cli import cli
from headgate.guard.trail import Trail


@pytest.fixture
def trail(tmp_path: Path) -> Path:
    path = tmp_path / "audit.jsonl"
    writer = Trail(path, key=b"k")
    for _ in range(3):
        writer.append(b"{}")
    writer.close()
    return path


def run(*words: object, key: str = "k") -> Result:
    environment = {"HEADGATE_AUDIT_KEY": key, "HEADGATE_HASH_KEY": ""}
    return CliRunner(env=environment).invoke(cli, ["audit", "verify", *map(str, words)])


def test_a_whole_trail_exits_0(trail: Path) -> None:
    done = run(trail)
    assert done.exit_code == 0
    assert "whole, records 0 to 2" in done.output


def test_the_first_bad_line_is_named(trail: Path) -> None:
    lines = trail.read_bytes().splitlines(keepends=True)
    trail.write_bytes(lines[0] + lines[2])
    done = run(trail)
    assert done.exit_code == 1
    assert f"{trail}:2: record 1 is missing before it" in done.output
    found = json.loads(run(trail, "--json").stdout)
    assert found["whole"] is False
    assert found["found"]["fault"]["line"] == 2


def test_lines_cut_off_at_the_end_show_against_a_number_kept_elsewhere(trail: Path) -> None:
    assert run(trail, "--records", 3).exit_code == 0
    done = run(trail, "--records", 4)
    assert done.exit_code == 1
    assert "the newest are missing" in done.output


def test_it_says_where_there_is_no_key(trail: Path) -> None:
    done = run(trail, key="")
    assert done.exit_code == 1
    assert "no key is set" in done.stderr
