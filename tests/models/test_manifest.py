from pathlib import Path

import pytest

from headgate.models.errors import DigestMismatch, ModelUnavailable
from headgate.models.manifest import read, sha256, verify

from .conftest import write_manifest


def test_a_manifest_reads_back(tiny: Path):
    manifest = read(tiny)
    assert manifest.name == "tiny"
    assert manifest.heads[0] == "unsafe"
    assert manifest.calibration["unsafe"].scale == 1.0


def test_every_file_of_verified_weights_is_the_one_that_was_named(tiny: Path):
    weights = verify(tiny)
    assert weights.file("model.onnx").is_file()
    assert weights.manifest.files["model.onnx"].sha256 == sha256(tiny / "model.onnx")


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_a_changed_file_is_named(own_tiny: Path, name: str):
    (own_tiny / name).write_bytes(b"changed")
    with pytest.raises(DigestMismatch, match=name):
        verify(own_tiny)


def test_a_missing_file_is_named(own_tiny: Path):
    (own_tiny / "tokenizer.json").unlink()
    with pytest.raises(ModelUnavailable, match=r"tokenizer\.json is missing"):
        verify(own_tiny)


def test_a_file_outside_the_folder_is_refused(own_tiny: Path):
    (own_tiny.parent / "out").write_bytes(b"out")
    write_manifest(own_tiny, files={"../out": {"sha256": sha256(own_tiny.parent / "out"), "bytes": 3}})
    with pytest.raises(ModelUnavailable, match="leaves the folder"):
        verify(own_tiny)


@pytest.mark.parametrize("words", ["", "no json", "{}", '{"format": "one"}'])
def test_a_malformed_manifest_is_unavailable(tmp_path: Path, words: str):
    (tmp_path / "manifest.json").write_text(words)
    with pytest.raises(ModelUnavailable, match=r"manifest\.json"):
        read(tmp_path)


def test_no_manifest_is_unavailable(tmp_path: Path):
    with pytest.raises(ModelUnavailable, match=r"no manifest\.json"):
        read(tmp_path)


def test_the_digest_covers_calibration_as_well_as_files(own_tiny: Path):
    before = verify(own_tiny).digest
    assert verify(own_tiny).digest == before
    write_manifest(own_tiny, calibration={"unsafe": {"scale": 3.0, "bias": 0.0}})
    assert verify(own_tiny).digest != before
