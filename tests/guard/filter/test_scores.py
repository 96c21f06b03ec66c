from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from headgate.guard.filter.run import run_filter
from headgate.guard.filter.scores import Brought, ScoreFile, read_line
from headgate.guard.guard import Guard
from headgate.models.assessment import Assessed, Unjudged
from headgate.models.errors import ConfigError, InferenceFailed, InputError

from ..dialogue import BAD, WORSE
from .rows import GOOD, PLAIN, Counting, job, many, read, write

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
    ],
)
def test_a_line_that_is_no_scores_is_named(tmp_path: Path, lines: list[dict[str, Any] | bytes], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        ScoreFile(str(write(tmp_path / "own.jsonl", lines)))


def test_a_key_that_a_line_lacks_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no column id"):
        ScoreFile(str(write(tmp_path / "own.jsonl", [{"unsafe": 0.1}])), key="id")


def test_severities_are_read_as_names_numbers_and_probabilities() -> None:
    for severity, expected in (("minor", (0, 1, 0, 0)), (2, (0, 0, 1, 0)), (1.25, (0, 0.75, 0.25, 0))):
        found = read_line({"unsafe": 0.5, "severity": severity})[""]
        assert isinstance(found, Assessed)
        assert found.severity == pytest.approx(expected)
    with pytest.raises((InputError, InferenceFailed)):
        read_line({"unsafe": 0.5, "severity": [2, 0, 0, 0]})
    assert read_line({"parts": {"text": {"unjudged": "too_long"}}})["text"] == Unjudged(
        reason="too_long", model="scores"
    )


def test_nobody_judges_what_the_file_does_not(tmp_path: Path) -> None:
    own = write(tmp_path / "own.jsonl", [{"unsafe": 0.1}])
    with Guard("dataset", models=Brought(str(own))) as guard:
        verdict = guard.check(f"some {BAD} words")
    assert [missed.reason for missed in verdict.unjudged] == ["no_scores"]
    assert verdict.models[0].startswith("scores@")
    before = Brought(str(own)).digest
    write(own, [{"unsafe": 0.2}])
    assert Brought(str(own)).digest != before


def test_the_worst_of_several_pieces_is_what_is_written(tmp_path: Path) -> None:
    sentences = PLAIN + "stream: {hold: sentence}\n"
    row = {"prompt": "Tell me.", "response": f"A fine day. A {WORSE} one. Calm again."}
    run_filter(job(Counting(sentences), tmp_path / "out", write(tmp_path / "in.jsonl", [row]), write_scores=True))
    (line,) = read(tmp_path / "out", "scores.jsonl")
    assert line["parts"]["response[0].content"]["unsafe"] == 0.95
    assert json.dumps(line).count("response[0].content") == 1
