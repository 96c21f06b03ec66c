from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from headgate.guard.bulk import Concluded, conclude_many
from headgate.guard.filter.run import run_filter
from headgate.guard.filter.score_lines import line_number, read_line
from headgate.guard.rows import Exchange
from headgate.models.assessment import Assessed, Assessment, Unjudged
from headgate.models.content import Part, Text
from headgate.models.errors import InputError

from ..dialogue import WORSE, by_word
from .rows import PLAIN, Counting, job, read, write

SENTENCES = PLAIN + "stream: {hold: sentence}\n"


class Partly(Counting):
    """Judges by word, and then leaves out something."""

    def __init__(self, policy: str, change: Callable[[Text, Assessment], Assessment]) -> None:
        super().__init__(policy)
        self.change = change

    def __call__(self, rows: Sequence[Exchange], *, threshold: float | None = None) -> list[Concluded]:
        return conclude_many(rows, lambda parts: [self._judged(part) for part in parts], rules=self.rules)

    def _judged(self, part: Part) -> Assessment:
        assert isinstance(part, Text)
        return self.change(part, by_word(part))


def _twice(tmp_path: Path, judge: Counting, row: dict[str, Any], policy: str) -> list[dict[str, Any]]:
    """The row's note under the judge, and under nothing but the scores that it left."""
    source = write(tmp_path / "in.jsonl", [row])
    run_filter(job(judge, tmp_path / "one", source, tag=True, write_scores=True))
    scores = str(tmp_path / "one" / "scores.jsonl")
    run_filter(job(Counting(policy), tmp_path / "two", source, tag=True, scores=scores))
    return [read(tmp_path / name, "tagged.jsonl")[0]["headgate"] for name in ("one", "two")]


def test_severities_are_read_as_names_numbers_and_probabilities() -> None:
    for severity, expected in (("minor", (0, 1, 0, 0)), (2, (0, 0, 1, 0)), (1.25, (0, 0.75, 0.25, 0))):
        found = read_line({"unsafe": 0.5, "severity": severity})[""]
        assert isinstance(found, Assessed)
        assert found.severity == pytest.approx(expected)
    assert read_line({"parts": {"text": {"unjudged": "too_long"}}})["text"] == Unjudged(
        reason="too_long", model="scores"
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"unsafe": 0.5, "severity": [2, 0, 0, 0]}, "severity is not a probability"),
        ({"unsafe": 0.5, "severity": [0.9, 0.9, 0.9, 0.9]}, "severity is .* sum to one"),
        ({"unsafe": 0.5, "severity": True}, "severity is none"),
        ({"unsafe": 0.5, "severity": "0123"}, "severity is none"),
        ({"unsafe": float("nan")}, "unsafe is not a probability"),
        ({"unsafe": 0.5, "sensitive": "no"}, "no number in sensitive"),
        ({"unsafe": 0.5, "categories": ["violence"]}, "categories must map"),
        ({"unsafe": 0.5, "categories": {"violence": "much"}}, "no number in violence"),
        ({"unsafe": 0.5, "missed": {"unjudged": "timeout"}}, "missed must list"),
        ({"unjudged": 7}, "unjudged must be the reason"),
        ({"parts": {"text": {"unsafe": 0.5}, "image": {}}}, "parts, image: no number in unsafe"),
    ],
)
def test_what_is_wrong_is_said_with_its_field(line: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_line(line)


def test_columns_without_a_value_are_none() -> None:
    line = {"unsafe": 0.9, "unjudged": None, "severity": None, "sensitive": None, "categories": None, "parts": None}
    assert read_line(line) == read_line({"unsafe": 0.9})
    assert read_line({"unsafe": 0.9, "categories": {"violence": None}}) == read_line({"unsafe": 0.9})


def test_lines_are_counted_in_whole_numbers_from_one() -> None:
    assert [line_number({"line": value}) for value in (None, 1, 7.0)] == [None, 1, 7]
    for value in ("x", [1], 0, 1.5, True, float("nan"), float("inf")):
        with pytest.raises(InputError, match="line must be"):
            line_number({"line": value})


def test_the_worst_of_several_pieces_is_what_is_written(tmp_path: Path) -> None:
    row = {"prompt": "Tell me.", "response": f"A fine day. A {WORSE} one. Calm again."}
    run_filter(job(Counting(SENTENCES), tmp_path / "out", write(tmp_path / "in.jsonl", [row]), write_scores=True))
    (line,) = read(tmp_path / "out", "scores.jsonl")
    assert line["parts"]["response[0].content"]["unsafe"] == 0.95
    assert msgspec.json.encode(line).count(b"response[0].content") == 1


def test_a_judge_who_was_missed_is_missed_again(tmp_path: Path) -> None:
    gap = Unjudged(reason="timeout", model="second")

    def without_the_second(part: Text, found: Assessment) -> Assessment:
        assert isinstance(found, Assessed)
        return msgspec.structs.replace(found, missed=(gap,))

    one, two = _twice(tmp_path, Partly(PLAIN, without_the_second), {"text": "A calm day."}, PLAIN)
    assert one["unjudged"][0]["model"] == "second"
    assert (two["action"], two["unjudged"]) == (one["action"], one["unjudged"]) == ("flag", one["unjudged"])


@pytest.mark.parametrize("answer", [f"A {WORSE} day. {'Silent words. ' * 20}", f"{'Silent words. ' * 8}A {WORSE} day."])
def test_a_piece_that_nobody_judged_takes_no_finding_from_the_others(tmp_path: Path, answer: str) -> None:
    def deaf(part: Text, found: Assessment) -> Assessment:
        unheard = part.path.startswith("response") and (WORSE not in part.text or len(part.text) > 200)
        return Unjudged(reason="too_long") if unheard else found

    row = {"prompt": "Tell me.", "response": answer}
    one, two = _twice(tmp_path, Partly(SENTENCES, deaf), row, SENTENCES)
    assert (two["action"], two["severity"]) == (one["action"], one["severity"]) == ("refuse", "severe")
    assert [missed["reason"] for missed in two["unjudged"]] == ["too_long"]
