from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

from ...dialogue import WORSE
from ..rows import read
from .whole import filtered


def _archive(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def _files(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as archive:
        return {info.name: archive.extractfile(info).read() for info in archive}  # type: ignore[union-attr]


FILES = {
    "a/001.txt": b"a calm lake",
    "a/001.json": b'{"source": "own"}',
    "a/002.txt": f"{WORSE}".encode(),
    "a/002.cls": b"7",
    "a/003.seg.txt": b"a hill",
}


def test_samples_stay_whole_and_verdicts_are_files_of_theirs(tmp_path: Path) -> None:
    report = filtered(_archive(tmp_path / "in.tar", FILES), tmp_path / "out", rows=1)
    assert _files(tmp_path / "out" / "kept.tar") == {n: d for n, d in FILES.items() if "002" not in n}
    dropped = _files(tmp_path / "out" / "dropped.tar")
    assert json.loads(dropped.pop("a/002.headgate.json"))["action"] == "refuse"
    assert dropped == {n: d for n, d in FILES.items() if "002" in n}
    assert report.by["source"] == {"own": {"kept": 1}}


def test_an_image_beside_its_caption_that_nobody_can_judge_is_reported(tmp_path: Path) -> None:
    source = _archive(tmp_path / "in.tar", {"1.jpg": b"no image", "1.txt": b"a caption"})
    report = filtered(source, tmp_path / "out", tag=True)
    found = _files(tmp_path / "out" / "tagged.tar")
    assert list(found) == ["1.jpg", "1.txt", "1.headgate.json"]
    assert (report.actions, report.unjudged) == ({"flag": 1}, {"no_classifier": 1})


def test_a_sample_that_cannot_be_read_is_an_error_by_its_name(tmp_path: Path) -> None:
    filtered(_archive(tmp_path / "in.tar", {"1.txt": b"\xff", "2.txt": b"fine"}), tmp_path / "out")
    (error,) = read(tmp_path / "out", "errors.jsonl")
    assert (error["line"], error["raw"]) == (1, "1.txt")
