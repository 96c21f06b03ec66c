from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest

from headgate.guard.filter import place
from headgate.guard.filter.formats.block import Block
from headgate.guard.filter.place import Halted
from headgate.guard.filter.plan import Plan
from headgate.guard.filter.store import SHARDS, Key, begin_scratch, done
from headgate.guard.filter.work import UNGUARDED, Shard, Worker

from .rows import Counting


def _shard(*lines: bytes, fault: str = "") -> Shard:
    block = Block(numbers=list(range(1, len(lines) + 1)), records=list(lines), fault=fault)
    return Shard(key=Key(0, 0), name="in.jsonl", block=block)


def _worker(folder: Path, **more: Any) -> Worker:
    begin_scratch(folder)
    return Worker(Plan(folder=str(folder), **more), Counting())


def test_a_shard_leaves_its_pieces_and_then_its_marker(tmp_path: Path) -> None:
    marker = _worker(tmp_path)(_shard(b'{"text": "a"}\n', b"oops\n"))
    assert done(tmp_path) == {Key(0, 0): marker}
    assert set(marker.pieces) == {"kept.jsonl", "errors.jsonl"}


def test_a_full_disk_ends_the_run_and_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(file: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    worker = _worker(tmp_path)
    monkeypatch.setattr(place, "settle", full)
    with pytest.raises(Halted, match=r"No space left.*--resume"):
        worker(_shard(b'{"text": "a"}\n'))
    assert list((tmp_path / SHARDS).glob("*.done")) == []


def test_a_file_that_breaks_off_is_an_error_at_its_place(tmp_path: Path) -> None:
    marker = _worker(tmp_path)(_shard(b'{"text": "a"}\n', fault="damaged after line 1"))
    assert (marker.counts.bins["errors"], marker.counts.bins["kept"]) == (1, 1)


def test_half_a_surrogate_pair_is_judged_like_any_text(tmp_path: Path) -> None:
    marker = _worker(tmp_path)(_shard(b'{"text": "half \\ud83d"}\n'))
    assert marker.counts.rows == 1


def test_examples_and_groups_are_collected_for_the_report(tmp_path: Path) -> None:
    row = b'{"text": "a calm day", "source": "own", "lang": "en"}\n'
    counts = _worker(tmp_path, examples=True)(_shard(row)).counts
    assert counts.by == {"source": {"own": {"kept": 1}}, "lang": {"en": {"kept": 1}}}
    assert counts.examples["kept"][0].text == "a calm day"


def test_policy_off_is_no_verdict_of_safety() -> None:
    assert UNGUARDED.unjudged[0].reason == "policy_off"
