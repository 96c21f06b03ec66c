from __future__ import annotations

import json
import subprocess
import sys
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


def test_without_settings_the_demo_that_would_answer_is_told_of() -> None:
    done = CliRunner().invoke(cli, ["doctor", "--policy", "off", "--json"])
    checks = {check["name"]: check["state"] for check in json.loads(done.output)["checks"]}
    assert checks["upstream"] == "warning"
    assert checks["python"] == "ok"
    assert done.exit_code == 0


_WITHOUT = """
import importlib.abc, sys
class Gone(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("aiohttp", "litestar", "uvicorn", "prometheus_client", "redis", "opentelemetry"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Gone())
from headgate.__main__ import main
sys.argv = ["headgate", "doctor", "--json", "--upstream", "http://127.0.0.1:9", "--redis", "redis://127.0.0.1:9"]
main()
"""


def test_it_runs_where_the_gateways_packages_are_missing_and_says_so() -> None:
    done = subprocess.run([sys.executable, "-c", _WITHOUT], capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert checks["gateway"]["remedy"] == "pip install 'headgate[gateway]'"
    assert checks["store"]["remedy"] == "pip install 'headgate[gateway]'"
    assert checks["model"]["state"] == "ok"
