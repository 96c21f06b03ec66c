from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from headgate.guard.files import damages, expand, numbered_rows, open_lines, read_of, read_rows, size_of, stem
from headgate.models.errors import ConfigError, InputError

LINES = b'{"a": 1}\n\n{"a": 2}\n'


def test_names_and_patterns_become_files_each_once_in_order(tmp_path: Path) -> None:
    for name in ("b.jsonl", "a.jsonl", "c.txt"):
        (tmp_path / name).write_bytes(LINES)
    named = str(tmp_path / "b.jsonl")
    found = expand([named, str(tmp_path / "*.jsonl"), "-"])
    assert found == [named, str(tmp_path / "a.jsonl"), "-"]


def test_a_file_whose_name_looks_like_a_pattern_is_a_file(tmp_path: Path) -> None:
    odd = tmp_path / "a[1].jsonl"
    odd.write_bytes(LINES)
    assert expand([str(odd)]) == [str(odd)]


def test_a_name_without_a_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no such file: .*absent\.jsonl"):
        expand([str(tmp_path / "absent.jsonl")])


@pytest.mark.parametrize(
    ("name", "expected"),
    [("x/a.jsonl", "a"), ("a.jsonl.zst", "a"), ("a.jsonl.gz", "a"), ("a.b.parquet", "a.b"), ("-", "stdin")],
)
def test_a_set_is_called_by_its_file_without_its_format(name: str, expected: str) -> None:
    assert stem(name) == expected


def test_gzip_zstd_and_plain_files_hold_the_same_rows(tmp_path: Path) -> None:
    zstandard = pytest.importorskip("zstandard")
    plain, zipped, packed = (tmp_path / name for name in ("a.jsonl", "a.jsonl.gz", "a.jsonl.zst"))
    plain.write_bytes(LINES)
    zipped.write_bytes(gzip.compress(LINES))
    # Two frames, as parallel compressors write them.
    packed.write_bytes(zstandard.compress(LINES[:10]) + zstandard.compress(LINES[10:]))
    for path in (plain, zipped, packed):
        assert list(read_rows(str(path))) == [{"a": 1}, {"a": 2}]


def test_the_first_bad_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"a": 1}\n[1]\n')
    with pytest.raises(InputError, match=r"a\.jsonl:2: not a JSON object"):
        list(read_rows(str(path)))


def test_what_cannot_be_opened_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read"):
        open_lines(str(tmp_path / "absent.jsonl"))


def test_parquet_rows_are_read_where_pyarrow_is_and_explained_where_not(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        path.write_bytes(b"")
        with pytest.raises(ConfigError, match="pip install pyarrow"):
            list(read_rows(str(path)))
        return
    pq.write_table(pa.table({"a": [1, 2]}), path)
    assert list(read_rows(str(path))) == [{"a": 1}, {"a": 2}]


def test_what_a_store_raises_is_said_in_one_line() -> None:
    pytest.importorskip("fsspec")
    for look in (size_of, open_lines, lambda name: expand([name])):
        with pytest.raises(ConfigError, match=r"cannot read memory://nowhere/a\.jsonl|no such file"):
            look("memory://nowhere/a.jsonl")


@pytest.mark.parametrize("ending", ["", ".gz", ".zst"])
def test_how_far_a_file_was_read_is_told_in_its_own_bytes(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.jsonl{ending}"
    data = LINES * 5000
    pack = {"": bytes, ".gz": gzip.compress, ".zst": lambda data: pytest.importorskip("zstandard").compress(data)}
    path.write_bytes(pack[ending](data))
    with open_lines(str(path)) as file:
        assert file.read() == data
        assert read_of(file, len(data)) == path.stat().st_size


def test_urls_are_read_through_fsspec(tmp_path: Path) -> None:
    pytest.importorskip("fsspec")
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / name).write_bytes(b'{"text": "x"}\n')
    found = expand([f"file://{tmp_path}/*.jsonl"])
    assert [name.rsplit("/", 1)[1] for name in found] == ["a.jsonl", "b.jsonl"]
    assert [len(list(read_rows(name))) for name in found] == [1, 1]
    assert size_of(found[0]) == size_of(str(tmp_path / "a.jsonl")) == 14
    assert size_of(str(tmp_path)) == 28
    with pytest.raises(ConfigError, match="no such file"):
        expand([f"file://{tmp_path}/none*.jsonl"])


def test_a_damaged_archive_raises_what_readers_expect(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b"{}\n" * 1000)[:-20])
    with pytest.raises(damages()), open_lines(str(path)) as file:
        file.read()


def test_rows_have_the_number_of_their_line(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'\n{"a": 1}\n  \n{"a": 2}\n')
    assert list(numbered_rows(str(path))) == [(2, {"a": 1}), (4, {"a": 2})]
