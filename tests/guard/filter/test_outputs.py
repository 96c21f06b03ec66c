from __future__ import annotations

from pathlib import Path

import pytest

from headgate.guard.filter.outputs import assemble
from headgate.guard.filter.run import run_filter

from .rows import Counting, job, write


def test_every_list_of_lines_exists_also_where_it_is_empty(tmp_path: Path) -> None:
    run_filter(job(Counting(), tmp_path / "out", write(tmp_path / "in.jsonl", [{"text": "fine"}])))
    sizes = {path.name: path.stat().st_size for path in (tmp_path / "out").glob("*.jsonl")}
    assert {name for name, size in sizes.items() if not size} == {"dropped.jsonl", "review.jsonl", "errors.jsonl"}


@pytest.mark.parametrize("split", [False, True])
def test_a_run_without_rows_has_empty_outputs(tmp_path: Path, split: bool) -> None:
    assert set(assemble(tmp_path, {}, inputs=["a.jsonl"], split=split, compression="")) == {
        "dropped.jsonl",
        "errors.jsonl",
        "kept.jsonl",
        "review.jsonl",
    }
