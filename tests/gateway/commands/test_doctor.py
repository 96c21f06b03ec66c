from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from headgate.gateway.cli import cli


def test_faults_have_remedies_and_exit_1(tmp_path: Path) -> None:
    path = tmp_path / "headgate.yaml"
    path.write_text("version: 1\nupstream: http://127.0.0.1:9\npolicy: off\n")
    done = CliRunner().invoke(cli, ["doctor", "--config", str(path)])
    assert done.exit_code == 1
    assert "cannot be reached" in done.output
    assert "start it, or correct --upstream" in done.output


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    path = tmp_path / "headgate.yaml"
    path.write_text("version: 1\nport: x\n")
    done = CliRunner().invoke(cli, ["doctor", "--config", str(path), "--json"])
    assert done.exit_code == 1
    checks = {check["name"]: check for check in json.loads(done.output)["checks"]}
    assert checks["configuration"]["state"] == "failed"
    assert f"{path}:2:7" in checks["configuration"]["found"]


def test_without_settings_the_machine_is_looked_at_alone() -> None:
    done = CliRunner().invoke(cli, ["doctor", "--policy", "off", "--json"])
    checks = {check["name"]: check["state"] for check in json.loads(done.output)["checks"]}
    assert "upstream" not in checks
    assert checks["python"] == "ok"
    assert done.exit_code == 0
