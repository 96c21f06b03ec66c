from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from .shell import headgate


def test_where_torch_is_missing_the_remedy_is_printed(tmp_path: Path) -> None:
    # A process in which torch cannot be imported, as on a machine that only runs the gateway.
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from headgate.guard.cli import cli\n"
        f"cli(['train', '--data', {str(tmp_path)!r}, '--out', {str(tmp_path / 'out')!r}])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.returncode == 2
    assert "pip install 'headgate[train]'" in found.stderr
    assert "Traceback" not in found.stderr


def test_bad_options_are_bad_usage(tmp_path: Path) -> None:
    assert headgate("train", "--data", tmp_path / "absent", "--out", tmp_path).exit_code == 2
    assert headgate("train", "--data", tmp_path, "--out", tmp_path / "out", "--rows", "0").exit_code == 2
