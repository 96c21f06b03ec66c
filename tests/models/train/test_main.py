import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

pytest.importorskip("torch")

from headgate.models.train import loading
from headgate.models.train.__main__ import main
from headgate.models.train.recipe import TrainOptions


def test_data_and_out_are_required(tmp_path):
    for given in ([], ["--data", str(tmp_path)], ["--out", str(tmp_path)]):
        result = CliRunner().invoke(main, given)
        assert result.exit_code == 2
        assert "Missing option" in result.output


def test_a_data_folder_that_is_not_there_is_refused_before_anything_is_made(tmp_path):
    result = CliRunner().invoke(main, ["--data", str(tmp_path / "none"), "--out", str(tmp_path / "out")])
    assert result.exit_code == 2
    assert "does not exist" in result.output
    assert not (tmp_path / "out").exists()


def test_the_command_defaults_to_the_minutes_of_the_recipe():
    assert {option.name: option.default for option in main.params}["minutes"] == TrainOptions(
        data=Path(), out=Path()
    ).minutes


def test_a_spent_run_is_resumed_and_the_folder_of_weights_printed(trained, tiny_data, tiny_base, tmp_path, monkeypatch):
    package = tmp_path / "a_base_for_the_command"
    package.mkdir()
    (package / "__init__.py").touch()
    shutil.copytree(tiny_base, package / "model")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(loading, "BASE_PACKAGE", package.name)
    out = tmp_path / "out"
    out.mkdir()
    shutil.copy(trained / "checkpoint.pt", out)
    given = ["--data", str(tiny_data), "--out", str(out), "--minutes", "0.0001", "--resume"]
    result = CliRunner().invoke(main, given, catch_exceptions=False)
    assert result.exit_code == 0
    assert str(out / "weights") in result.stdout.splitlines()
    assert (out / "weights" / "manifest.json").is_file()
