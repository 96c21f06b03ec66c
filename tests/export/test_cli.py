from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from headgate.__main__ import cli


def headgate(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def test_the_command_writes_a_folder_that_judges(tmp_path: Path) -> None:
    out = tmp_path / "out"
    found = headgate("export", "text", "--to", "onnx", "--precision", "int8", "--rows", 2, "-o", out, "--json")
    assert found.exit_code == 0, found.output
    assert json.loads(found.stdout)["parity"]["flips"] == 0
    told = json.loads(headgate("models", "verify", out, "--json").stdout)
    assert [(one["name"], one["ok"]) for one in told["models"]] == [("text", True)]
    assert {"onnxruntime", "tensorrt", "kserve"} <= {one["name"] for one in told["backends"]}
    checked = headgate("check", "--model", out, "--json", "What is the capital of Portugal?")
    assert json.loads(checked.stdout)["action"] == "allow"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nowhere",), "no model 'nowhere'"),
        (("text", "--precision", "fp8", "--device", "cpu"), "no CPU runs it"),
        (("text", "--batches", "0,x"), "1,8,32"),
    ],
)
def test_bad_usage_is_one_line_and_exit_code_2(arguments: tuple[str, ...], words: str, tmp_path: Path) -> None:
    found = headgate("export", *arguments, "--to", "onnx", "--rows", 1, "-o", tmp_path / "out")
    assert found.exit_code == 2
    assert words in found.output + found.stderr
    assert not (tmp_path / "out").exists()


def test_a_package_that_is_missing_is_told_with_its_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in sys.modules if name.startswith("headgate.export.") and name != "headgate.export.cli"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "onnx", None)
    found = headgate("export", "text", "--to", "onnx", "-o", tmp_path / "out")
    assert found.exit_code == 2
    assert "pip install 'headgate[export]'" in found.stderr


def test_the_command_line_with_export_loads_nothing_heavy() -> None:
    code = "import sys, headgate.__main__\nprint(*{name.split('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {*loaded} & {"torch", "transformers", "onnx", "onnxruntime", "tensorrt"}


def test_an_export_of_the_embedded_model_needs_no_torch(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['torch'] = None; sys.modules['transformers'] = None\n"
        "from headgate.__main__ import cli\n"
        f"cli(['export', 'text', '--to', 'onnx', '--precision', 'int8', '--rows', '1', '-o', {str(tmp_path / 'o')!r}])"
    )
    subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert (tmp_path / "o" / "manifest.json").is_file()
