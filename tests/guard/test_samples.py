from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from headgate.guard.rows import Columns, columns
from headgate.guard.samples import sample
from headgate.models.errors import InputError

PLAIN = Columns()


def _write(path: Path, rows: Sequence[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


ROWS = [
    {"kind": "prompt", "prompt": "good day", "label": "safe", "severity": 0},
    {"kind": "prompt", "prompt": "rotten day", "label": "unsafe", "severity": 2},
    {"kind": "pair", "prompt": "and?", "response": "a trick", "label": "attack", "severity": None},
    {"kind": "text", "prompt": "I am so tired of it all", "response": "", "label": "sensitive"},
    {"kind": "prompt", "prompt": "who knows", "label": None},
]


def test_rows_become_samples_and_what_has_no_side_is_counted(tmp_path: Path) -> None:
    found = sample(_write(tmp_path / "mine.jsonl", ROWS), layout=PLAIN)
    assert found.name == "mine"
    assert [one.positive for one in found.samples] == [False, True, True]
    assert [one.row for one in found.samples] == [1, 2, 3]
    assert found.left_out == {"sensitive": 1, "unlabelled": 1}


def test_prompts_for_generators_bring_their_own_labels(tmp_path: Path) -> None:
    rows = [{"task": "t2i", "text": f"a boat {label}", "label": label} for label in (0, 1, -1)]
    found = sample(_write(tmp_path / "t2i.jsonl", rows), layout=PLAIN)
    assert [(one.positive, one.part.purpose) for one in found.samples] == [(False, "t2i"), (True, "t2i")]
    assert found.left_out == {"undecided": 1}


def test_rows_can_be_chosen_mapped_and_limited(tmp_path: Path) -> None:
    rows = [{"q": f"question {index}", "bad": index % 2, "source": "ab"[index % 2]} for index in range(10)]
    name = _write(tmp_path / "mapped.jsonl", rows)
    layout = columns(["prompt=q", "label=bad"])
    assert len(sample(name, layout=layout, limit=4).samples) == 4
    assert {one.positive for one in sample(name, layout=layout, where={"source": "b"}).samples} == {True}


@pytest.mark.parametrize(
    "more", [{"label": "perhaps"}, {"label": "safe", "severity": 9}, {"label": "safe", "prompt": 1}]
)
def test_a_row_that_cannot_be_read_is_named(tmp_path: Path, more: dict[str, Any]) -> None:
    name = _write(tmp_path / "bad.jsonl", [ROWS[0], {"prompt": "x"} | more])
    with pytest.raises(InputError, match="row 2"):
        sample(name, layout=PLAIN)


@pytest.mark.parametrize(
    ("given", "read"), [(None, ""), ("insult", "insult"), (["insult", "privacy"], "insult|privacy"), (3, "3")]
)
def test_a_category_is_the_sets_own_word(tmp_path: Path, given: Any, read: str) -> None:
    found = sample(_write(tmp_path / "a.jsonl", [ROWS[0] | {"category": given}]), layout=PLAIN)
    assert found.samples[0].category == read
