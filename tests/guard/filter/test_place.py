from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headgate.guard.filter.place import Halted, Local, Place, Remote, is_remote, place_of, writing
from headgate.guard.filter.run import run_filter
from headgate.guard.filter.store import SHARDS
from headgate.models.errors import ConfigError

from .rows import Counting, job, left, many, read, write
from .test_run import Dying, Killed

fsspec: Any = pytest.importorskip("fsspec")
pytest.importorskip("fsspec.implementations.local")


@pytest.fixture
def url() -> Iterator[str]:
    """A folder of fsspec's store in memory, which keeps whole objects as the others do."""
    found = f"memory://run-{uuid.uuid4().hex}"
    yield found
    with contextlib.suppress(FileNotFoundError):
        fsspec.filesystem("memory").rm(found.removeprefix("memory:/"), recursive=True)


@pytest.fixture(params=["local", "remote"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return place_of(tmp_path if request.param == "local" else request.getfixturevalue("url"))


def test_what_was_put_is_there_whole_and_listed_by_its_size(place: Place) -> None:
    place.put("a/one", b"old")
    place.put("a/one", b"newer")
    assert (place.get("a/one"), place.get("a/two"), place.sizes("a"), place.sizes("b")) == (
        b"newer",
        None,
        {"one": 5},
        {},
    )
    place.put("two", b"2")
    assert place.sizes()["two"] == 1
    for name in ("a", "two", "never"):
        place.remove(name)
    assert place.get("two") is place.get("a/one") is None


def test_files_of_this_machine_are_brought_and_fetched(url: str, tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "a.txt").write_bytes(b"a")
    there = Remote(url)
    there.upload(tmp_path / "deep", "rows.files")
    assert there.get("rows.files/er/a.txt") == b"a"
    there.download("rows.files/er/a.txt", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == b"a"


def test_a_path_a_file_url_and_a_store_are_told_apart(tmp_path: Path) -> None:
    assert isinstance(place_of(tmp_path), Local)
    assert isinstance(place_of(f"file://{tmp_path}"), Local)
    assert [is_remote(name) for name in ("s3://a/b", "file:///a", "a/b")] == [True, False, False]


def test_what_a_store_raises_says_which_store(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere://a: ValueError"):
        place_of("nowhere://a")
    with pytest.raises(Halted, match=r"memory://gone: FileNotFoundError.*--resume"):
        Remote("memory://gone").download("a", tmp_path / "a")
    with pytest.raises(Halted, match="--resume"), writing("there"):
        raise OSError("no more room")


def _run(url: str, folder: Path, *inputs: Path, **more: Any) -> Any:
    return run_filter(job(more.pop("check", None) or Counting(), folder, *inputs, rows=6, folder_url=url, **more))


def test_a_run_into_a_store_killed_and_resumed_leaves_the_bytes_of_a_local_one(url: str, tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", many(40))
    run_filter(job(Counting(), tmp_path / "whole", source, rows=6))
    for shards in (0, 2, 1):
        with contextlib.suppress(Killed):
            _run(url, tmp_path, source, check=Dying(shards), resume=True)
    assert any(name.endswith(".done") for name in Remote(url).sizes(SHARDS))
    report = _run(url, tmp_path, source, resume=True, examples=True)
    there = Remote(url)
    assert {name: there.get(name) for name in left(tmp_path / "whole")} == left(tmp_path / "whole")
    assert report.complete
    assert there.get("report.html")
    assert not there.sizes(SHARDS)
    with pytest.raises(ConfigError, match="holds a run already"):
        _run(url, tmp_path, source)
    assert _run(url, tmp_path, source, resume=True) == report


def test_too_many_errors_leave_their_reasons_in_the_store(url: str, tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", [b"oops\n", b"oops\n"])
    with pytest.raises(Halted, match=r"memory://.*/errors\.jsonl"):
        _run(url, tmp_path, source, max_errors=1)
    assert (Remote(url).get("errors.jsonl") or b"").count(b"oops") == 2


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl.gz"])
def test_tables_and_compressed_lines_go_there_too(url: str, tmp_path: Path, suffix: str) -> None:
    source = tmp_path / f"in{suffix}"
    if suffix == ".parquet":
        arrow = pytest.importorskip("pyarrow")
        pytest.importorskip("pyarrow.parquet").write_table(arrow.table({"text": ["fine", "calm"]}), source)
    else:
        import gzip

        source.write_bytes(gzip.compress(b'{"text": "fine"}\n'))
    compression = "gz" if suffix.endswith(".gz") else ""
    _run(url, tmp_path, source, compression=compression)
    run_filter(job(Counting(), tmp_path / "whole", source, rows=6, compression=compression))
    assert Remote(url).get(f"kept{suffix}") == (tmp_path / "whole" / f"kept{suffix}").read_bytes()


def test_lines_are_read_from_a_store(url: str, tmp_path: Path) -> None:
    Remote(url).put("in/rows.jsonl", b'{"text": "fine"}\n{"text": "calm"}\n')
    run_filter(job(Counting(), tmp_path / "out", f"{url}/in/rows.jsonl"))
    assert [row["text"] for row in read(tmp_path / "out", "kept.jsonl")] == ["fine", "calm"]


def test_what_stands_in_a_store_is_not_read_and_overwritten(url: str, tmp_path: Path) -> None:
    Remote(url).put("kept.jsonl", b'{"text": "fine"}\n')
    for name in (f"{url}/kept.jsonl", f"{url.replace('://', ':///')}/kept.jsonl"):
        with pytest.raises(ConfigError, match="would be overwritten"):
            run_filter(job(Counting(), tmp_path, name, folder_url=url, force=True))
    assert Remote(url).get("kept.jsonl")


class Breaking(fsspec.implementations.local.LocalFileSystem):  # type: ignore[misc]
    """A file system with folders that shows a file while it is written, and renames onto none, as HDFS and SMB."""

    protocol = "smb"
    cachable = False
    breaks = False
    refuses = True
    """Whether it renames onto no file that is there, and whether it says so."""
    silent = False

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **more: Any) -> None:
        super().pipe_file(path, value[:2] if self.breaks else value, **more)
        if self.breaks:
            raise Killed

    def mv(self, path1: str, path2: str, **more: Any) -> None:
        if self.refuses and self.exists(path2):
            if self.silent:
                return
            raise FileExistsError(path2)
        super().mv(path1, path2, **more)

    def rm(self, path: Any, *args: Any, **more: Any) -> None:
        assert self.refuses, "a file is removed that could have been replaced"
        super().rm(path, *args, **more)


@pytest.mark.parametrize(("refuses", "silent"), [(False, False), (True, False), (True, True)])
def test_a_file_is_replaced_in_one_step_where_the_server_can(tmp_path: Path, refuses: bool, silent: bool) -> None:
    there = Remote(f"file://{tmp_path}")
    there._system = Breaking()
    there._system.refuses, there._system.silent = refuses, silent
    for data in (b"whole", b"newer"):
        there.put("one", data)
        assert there.sizes() == {"one": 5}
        assert there.get("one") == data


def test_a_file_server_shows_a_name_when_all_of_it_is_there(tmp_path: Path) -> None:
    there = Remote(f"file://{tmp_path}")
    there._system = Breaking()
    there.put("a/one", b"whole")
    there.put("a/one", b"newer")
    there._system.breaks = True
    for name in ("a/one", "a/two"):
        with pytest.raises(Killed):
            there.put(name, b"half of it")
    assert (there.get("a/one"), there.get("a/two")) == (b"newer", None)
    there._system.breaks = False
    (tmp_path / "b").write_bytes(b"b")
    there.upload(tmp_path / "b", "c")
    assert there.get("c") == b"b"


def test_a_file_is_found_where_it_stands_in_a_store(url: str) -> None:
    spelt = url.replace("://", ":///")
    for name in (f"{url}/kept.jsonl", f"{spelt}/kept.jsonl"):
        assert Remote(url).inner(name) == Remote(f"{spelt}/").inner(name) == ("kept.jsonl",)
    assert [Remote(f"{url}/out").within(name) for name in (url, f"{spelt}/out/", f"{url}/o", "out", "-")] == [
        True,
        True,
        False,
        False,
        False,
    ]
    assert Remote(url).inner(f"{url}er/kept.jsonl") == Remote(url).inner("kept.jsonl") == ()
