from __future__ import annotations

from pathlib import Path

from ...dialogue import WORSE
from ..rows import read
from .whole import filtered


def test_each_file_is_a_row_and_is_found_again_under_its_name(tmp_path: Path) -> None:
    root = tmp_path / "texts"
    (root / "deep").mkdir(parents=True)
    (root / "a.txt").write_text("A calm day.")
    (root / "deep" / "b.md").write_text(f"A {WORSE} day.")
    (root / "c.txt").write_bytes(b"\xff\xfe")
    (root / "d.bin").write_bytes(b"not read")
    report = filtered(root, tmp_path / "out")
    assert read(tmp_path / "out", "kept.files.jsonl") == [{"file": "a.txt"}]
    (dropped,) = read(tmp_path / "out", "dropped.files.jsonl")
    assert (dropped["file"], dropped["headgate"]["action"]) == ("deep/b.md", "refuse")
    assert (tmp_path / "out" / "dropped.files" / "deep" / "b.md").read_text() == f"A {WORSE} day."
    assert (report.kept, report.dropped, report.errors) == (1, 1, 1)


def test_images_and_videos_are_rows_too(tmp_path: Path) -> None:
    root = tmp_path / "media"
    root.mkdir()
    (root / "a.png").write_bytes(b"no image")
    (root / "b.mp4").write_bytes(b"no video")
    report = filtered(root, tmp_path / "out", tag=True)
    assert [row["file"] for row in read(tmp_path / "out", "tagged.files.jsonl")] == ["a.png", "b.mp4"]
    assert (report.actions, report.unjudged) == ({"flag": 2}, {"no_classifier": 2})
