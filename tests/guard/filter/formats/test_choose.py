from __future__ import annotations

from pathlib import Path

import pytest

from headgate.guard.filter.formats.choose import compression_of, inputs_of, open_format
from headgate.models.errors import ConfigError


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("a.jsonl", ".jsonl"),
        ("a.jsonl.zst", ".jsonl"),
        ("-", ".jsonl"),
        ("s3://bucket/a.ndjson.gz", ".jsonl"),
        ("a.csv", ".csv"),
        ("a.tsv.gz", ".tsv"),
        ("a.tar", ".tar"),
    ],
)
def test_a_name_says_its_format(name: str, suffix: str) -> None:
    assert open_format(name).suffix == suffix


def test_outputs_are_compressed_where_all_inputs_are() -> None:
    assert compression_of(["a.jsonl.gz", "b.jsonl.gz"]) == "gz"
    assert compression_of(["a.jsonl.gz", "b.jsonl"]) == compression_of(["a.gz", "b.zst"]) == ""


def test_a_folder_stands_for_its_data_files_or_for_itself(tmp_path: Path) -> None:
    (tmp_path / "rows" / "more").mkdir(parents=True)
    for name in ("b.jsonl", "a.csv", "more/c.jsonl.zst", "readme.md"):
        (tmp_path / "rows" / name).write_bytes(b"")
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_bytes(b"")
    found = inputs_of([str(tmp_path / "rows"), str(tmp_path / "texts")])
    names = ["rows/a.csv", "rows/b.jsonl", "rows/more/c.jsonl.zst", "texts"]
    assert [str(Path(name).relative_to(tmp_path)) for name in found] == names
    assert open_format(found[-1]).suffix == ".files.jsonl"


def test_a_data_set_of_several_splits_is_all_of_them(tmp_path: Path) -> None:
    for split in ("test", "train"):
        (tmp_path / split).mkdir()
        for name in ("state.json", "dataset_info.json"):
            (tmp_path / split / name).write_bytes(b"{}")
    (tmp_path / "dataset_dict.json").write_bytes(b"{}")
    assert [Path(name).name for name in inputs_of([str(tmp_path)])] == ["test", "train"]


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nothing in it that can be read"):
        open_format(str(tmp_path))
