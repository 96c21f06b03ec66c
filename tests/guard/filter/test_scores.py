from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from headgate.guard.filter.run import run_filter
from headgate.guard.filter.scores import Brought, ScoreFile, check_names, check_order
from headgate.guard.guard import Guard
from headgate.models.errors import ConfigError

from ..dialogue import BAD, WORSE
from .rows import GOOD, Counting, job, many, read, write

PAIR = {"prompt": "Tell me.", "chosen": "A fine answer.", "rejected": f"A {WORSE} one."}


def _without_models(folder: Path, name: str) -> list[dict[str, Any]]:
    return [{**row, "headgate": {**row["headgate"], "models": []}} for row in read(folder, name)]


def test_scores_that_a_run_left_give_the_same_verdicts_without_a_model(tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", [*many(30), *GOOD, PAIR])
    run_filter(job(Counting(), tmp_path / "one", source, rows=7, tag=True, write_scores=True))
    lines = tmp_path / "one" / "scores.jsonl"

    class Nobody(Counting):
        pass

    run_filter(job(Nobody(), tmp_path / "two", source, rows=9, tag=True, scores=str(lines)))
    assert _without_models(tmp_path / "two", "tagged.jsonl") == _without_models(tmp_path / "one", "tagged.jsonl")
    assert len(read(tmp_path / "one", "scores.jsonl")) == len(read(tmp_path / "one", "tagged.jsonl"))


def test_scores_are_found_by_a_column_and_a_row_without_any_is_not_judged(tmp_path: Path) -> None:
    rows = [{"id": n, "text": f"line {n}"} for n in range(3)]
    own = [{"id": 2, "unsafe": 0.9, "severity": "severe", "insult": 0.9}, {"id": 0, "unsafe": 0.1}]
    source, scores = write(tmp_path / "in.jsonl", rows), write(tmp_path / "own.jsonl", own)
    report = run_filter(job(Counting(), tmp_path / "out", source, scores=str(scores), score_key="id"))
    (dropped,) = read(tmp_path / "out", "dropped.jsonl")
    (review,) = read(tmp_path / "out", "review.jsonl")
    assert (dropped["id"], dropped["headgate"]["categories"], review["id"]) == (2, ["insult"], 1)
    assert (report.kept, report.unjudged) == (1, {"no_scores": 1})


def test_a_plain_list_of_scores_is_in_the_order_of_the_rows(tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", [{"text": "a"}, {"text": "b"}])
    scores = write(tmp_path / "own.jsonl", [{"unsafe": 0.1}, {"unsafe": 0.9, "severity": 3, "categories": {}}])
    run_filter(job(Counting(), tmp_path / "out", source, scores=str(scores)))
    assert [row["text"] for row in read(tmp_path / "out", "kept.jsonl")] == ["a"]
    with pytest.raises(ConfigError, match="several inputs"):
        ScoreFile(str(scores), alone=False)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([{"unsafe": "much"}], ":1: no number in unsafe"),
        ([{"unsafe": 0.1}, {"unsafe": 1.5}], ":2: .*not a probability"),
        ([{"unsafe": 0.1, "severity": "awful"}], "severity is none, minor"),
        ([{"unsafe": 0.1, "categories": {"rudeness": 1}}], "unknown categories: rudeness"),
        ([{"parts": {"text": 1}}], "parts must map"),
        ([{"unsafe": 0.1, "line": 1}] * 2, "two lines are of one row"),
        ([{"unsafe": 0.1}, b"\n", {"unsafe": 0.2}], ":3: a plain list of scores has no blank lines"),
        ([b"\n", {"unsafe": 0.1, "line": "x"}], ":2: line must be"),
        ([{"unsafe": 0.1, "line": 1, "file": ["a"]}], ":1: file must be"),
        ([{"unsafe": 0.1, "file": "a.jsonl"}], ":1: no line"),
        ([b"{\n"], ":1: not a JSON object"),
    ],
)
def test_a_line_that_is_no_scores_is_named(tmp_path: Path, lines: list[dict[str, Any] | bytes], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        ScoreFile(str(write(tmp_path / "own.jsonl", lines)))


def test_a_key_that_a_line_lacks_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no column id"):
        ScoreFile(str(write(tmp_path / "own.jsonl", [{"unsafe": 0.1}])), key="id")


def test_nobody_judges_what_the_file_does_not(tmp_path: Path) -> None:
    own = write(tmp_path / "own.jsonl", [{"unsafe": 0.1}])
    with Guard("dataset", models=Brought(str(own))) as guard:
        verdict = guard.check(f"some {BAD} words")
    assert [missed.reason for missed in verdict.unjudged] == ["no_scores"]
    assert verdict.models[0].startswith("scores@")
    before = Brought(str(own)).digest
    write(own, [{"unsafe": 0.2}])
    assert Brought(str(own)).digest != before


@pytest.mark.parametrize("name", ["in.jsonl", "in.csv"])
def test_a_plain_list_is_refused_where_a_blank_line_would_shift_it(tmp_path: Path, name: str) -> None:
    source = tmp_path / name
    source.write_bytes(b'{"text": "a"}\n\n{"text": "b"}\n' if name.endswith("l") else b"text\na\n\nb\n")
    assert ScoreFile(str(write(tmp_path / "own.jsonl", [{"unsafe": 0.1}, {"unsafe": 0.9}]))).plain
    with pytest.raises(ConfigError, match=r"in\.\w+:2: a blank line.*--score-key"):
        check_order(str(source))
    source.write_bytes(source.read_bytes().replace(b"\n\n", b"\n"))
    check_order(str(source))
    with pytest.raises(ConfigError, match="stdin"):
        check_order("-")


def test_lines_that_are_named_may_have_blank_ones_between_them(tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", [{"text": "a"}, b"\n", {"text": "b"}])
    scores = write(tmp_path / "own.jsonl", [{"line": 1.0, "unsafe": 0.1}, b"\n", {"line": 3, "unsafe": 0.9}])
    assert not ScoreFile(str(scores)).plain
    run_filter(job(Counting(), tmp_path / "out", source, scores=str(scores)))
    assert [row["text"] for row in read(tmp_path / "out", "kept.jsonl")] == ["a"]


def test_inputs_of_one_name_are_not_told_apart_by_it() -> None:
    check_names(["a/rows.jsonl", "a/more.jsonl"])
    with pytest.raises(ConfigError, match=r"a/rows\.jsonl and s3://b/rows\.jsonl have the same name.*--score-key"):
        check_names(["a/rows.jsonl", "s3://b/rows.jsonl"])


def test_a_row_without_the_key_has_no_scores_and_is_not_called_none(tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", [{"text": "a"}, {"id": "None", "text": "b"}, {"id": None, "text": "c"}])
    scores = write(tmp_path / "own.jsonl", [{"id": "None", "unsafe": 0.1}])
    report = run_filter(job(Counting(), tmp_path / "out", source, scores=str(scores), score_key="id"))
    assert [row["text"] for row in read(tmp_path / "out", "kept.jsonl")] == ["b"]
    assert report.unjudged == {"no_scores": 2}


def test_rows_without_the_key_are_written_down_by_their_place_alone(tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", [{"text": "a"}, {"id": 1, "text": "b"}])
    run_filter(job(Counting(), tmp_path / "one", source, write_scores=True, score_key="id"))
    lines = tmp_path / "one" / "scores.jsonl"
    assert [line.get("id") for line in read(tmp_path / "one", "scores.jsonl")] == [None, "1"]
    by_key = run_filter(job(Counting(), tmp_path / "two", source, scores=str(lines), score_key="id"))
    by_place = run_filter(job(Counting(), tmp_path / "three", source, scores=str(lines)))
    assert (by_key.unjudged, by_place.unjudged) == ({"no_scores": 1}, {})
