from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from headgate.models.errors import ModelUnavailable
from headgate.models.exported import Axes, Export, Exported, Parity, Tolerance, export_of, read
from headgate.models.manifest import FileEntry, Scale

AXES = Axes(name="input_ids", dtype="int64", shape=("batch", "sequence"))


def exported(**changes: Any) -> Exported:
    """A manifest as an export writes it."""
    given: dict[str, Any] = {
        "target": "onnx",
        "task": "classification",
        "graph": "model.onnx",
        "source": "tiny",
        "opset": 20,
        "inputs": (AXES,),
        "output": Axes(name="logits", dtype="float32", shape=("batch", 2)),
        "activation": "softmax",
        "tolerance": Tolerance(logits=0.1, flips=0.0),
        "parity": Parity(against="x", seen="graph", rows=3, worst=0.0, mean=0.0, flips=0, policy="default"),
        "versions": {},
    }
    return Exported(
        format=1,
        name="tiny",
        version="1",
        modality="text",
        architecture="bert",
        licence="mit",
        precision="fp32",
        files={"model.onnx": FileEntry(sha256="0" * 64, bytes=1)},
        heads=("fine", "rude"),
        calibration={"fine": Scale()},
        export=Export(**given | changes),
    )


def write(folder: Path, manifest: object) -> None:
    (folder / "manifest.json").write_bytes(msgspec.json.encode(manifest))


def test_what_was_written_is_read(tmp_path: Path) -> None:
    write(tmp_path, exported())
    assert read(tmp_path) == exported()
    assert export_of(tmp_path) == exported().export


def test_a_manifest_without_an_export_is_no_export(tmp_path: Path) -> None:
    write(tmp_path, {"name": "text"})
    assert export_of(tmp_path) is None
    with pytest.raises(ModelUnavailable, match="missing required field"):
        read(tmp_path)


def test_a_target_that_nothing_runs_is_refused(tmp_path: Path) -> None:
    held = json.loads(msgspec.json.encode(exported()))
    held["export"]["target"] = "paper"
    write(tmp_path, held)
    with pytest.raises(ModelUnavailable, match="target"):
        export_of(tmp_path)


def test_a_folder_without_a_manifest_says_so(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"no manifest\.json"):
        read(tmp_path)
