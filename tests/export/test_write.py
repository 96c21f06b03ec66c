from __future__ import annotations

import json
from pathlib import Path

import pytest

from headgate.export import write
from headgate.models.errors import ConfigError
from headgate.models.manifest import sha256


def fill(folder: Path, text: str = "weights") -> None:
    (folder / "deep").mkdir()
    (folder / "deep" / "model.onnx").write_text(text)
    write.manifest(folder, {"name": "tiny"})


def test_a_folder_is_there_whole_with_the_digest_of_every_file(tmp_path: Path) -> None:
    with write.staged(tmp_path / "a" / "out") as folder:
        fill(folder)
        assert not (tmp_path / "a" / "out").exists()
    held = json.loads((tmp_path / "a" / "out" / "manifest.json").read_text())
    path = tmp_path / "a" / "out" / "deep" / "model.onnx"
    assert held["files"] == {"deep/model.onnx": {"sha256": sha256(path), "bytes": 7}}
    assert [entry.name for entry in (tmp_path / "a").iterdir()] == ["out"]


def test_what_raises_leaves_the_earlier_export_as_it_was(tmp_path: Path) -> None:
    with write.staged(tmp_path / "out") as folder:
        fill(folder, "first")
    with pytest.raises(RuntimeError):
        _fails(tmp_path / "out")
    assert (tmp_path / "out" / "deep" / "model.onnx").read_text() == "first"
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]


def _fails(target: Path) -> None:
    with write.staged(target) as folder:
        fill(folder, "second")
        raise RuntimeError


def test_an_earlier_export_is_replaced(tmp_path: Path) -> None:
    for text in ("first", "second"):
        with write.staged(tmp_path / "out") as folder:
            fill(folder, text)
    assert (tmp_path / "out" / "deep" / "model.onnx").read_text() == "second"


def test_anything_else_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    (tmp_path / "file").write_text("")
    for name in ("mine", "file"):
        with pytest.raises(ConfigError, match="something else is there"), write.staged(tmp_path / name):
            pytest.fail("the block must not run")
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"


def test_versions_name_what_took_part() -> None:
    assert {"python", "headgate", "onnxruntime"} <= {*write.versions()}


def test_a_file_is_copied_under_its_name(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{}")
    (tmp_path / "to").mkdir()
    write.copy(tmp_path / "tokenizer.json", tmp_path / "to")
    assert (tmp_path / "to" / "tokenizer.json").read_text() == "{}"
