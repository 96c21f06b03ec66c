from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from headgate.gateway.cli import cli


def test_a_sound_file_exits_0(tmp_path: Path) -> None:
    path = tmp_path / "headgate.yaml"
    path.write_text("version: 1\nupstream: http://x/v1\n")
    done = CliRunner().invoke(cli, ["config", "validate", str(path)])
    assert (done.exit_code, done.output) == (0, f"{path}: ok\n")


def test_every_fault_is_listed_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "headgate.yaml"
    path.write_text("version: 1\nport: 99999\nhosts: x\n")
    done = CliRunner().invoke(cli, ["config", "validate", str(path)])
    assert done.exit_code == 1
    assert f"{path}:2:7: port must be from 0 to 65535" in done.output
    assert f"{path}:3:1: unknown key 'hosts'" in done.output
    found = json.loads(CliRunner().invoke(cli, ["config", "validate", "--json", str(path)]).output)
    assert [fault["line"] for fault in found["diagnostics"]] == [2, 3]


def test_the_schema_is_printed() -> None:
    done = CliRunner().invoke(cli, ["config", "schema"])
    assert done.exit_code == 0
    assert json.loads(done.output)["title"] == "Headgate configuration"


def test_a_bad_file_keeps_the_gateway_from_starting(tmp_path: Path) -> None:
    path = tmp_path / "headgate.yaml"
    path.write_text("version: 1\nupstream: http://x\nworkers: 0\nport: x\n")
    done = CliRunner().invoke(cli, ["serve", "--config", str(path)])
    assert done.exit_code == 2
    assert f"{path}:3:10: workers must be from 1 to 256" in done.output
    assert f"{path}:4:7: port takes a whole number" in done.output
    assert "Traceback" not in done.output
