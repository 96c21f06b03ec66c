from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from headgate.guard.evaluate import evaluate, evaluated, level_of, score
from headgate.guard.rows import Columns
from headgate.guard.samples import sample
from headgate.models.assessment import Assessment, Unjudged
from headgate.models.content import Part, Text
from headgate.models.fakes import FakeClassifier, scores

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


def test_the_worse_of_unsafe_and_attack_is_the_score() -> None:
    assert score(scores(unsafe=0.2, categories={"prompt_attack": 0.7})) == 0.7
    assert score(scores(unsafe=0.2, covers=["violence"])) == 0.2


def test_the_level_is_the_highest_that_is_more_likely_than_not() -> None:
    assert [level_of(p) for p in [(1.0, 0, 0, 0), (0.2, 0.2, 0.3, 0.3), (0.1, 0.1, 0.2, 0.6)]] == [0, 2, 3]


def test_every_set_is_measured_at_one_threshold(tmp_path: Path) -> None:
    fake = FakeClassifier({"rotten": scores(unsafe=0.9, severity=2), "trick": 0.4})
    sets = [sample(_write(tmp_path / f"{name}.jsonl", ROWS), layout=PLAIN) for name in "ab"]
    report = evaluate(sets, fake.assess, model="fake@0", threshold=0.5).report
    assert [one.name for one in report.sets] == ["a", "b"]
    one = report.sets[0]
    assert (one.rows, one.recall, one.precision, one.fpr, one.auroc) == (3, 0.5, 1.0, 0.0, 1.0)
    assert (one.false_alarms, one.misses) == (0, 1)
    assert (one.severity_rows, one.severity_qwk) == (2, 1.0)
    assert one.severity_confusion[2] == (0, 0, 1, 0)
    assert one.ece == pytest.approx((0.0 + 0.1 + 0.6) / 3)
    assert one.f1_interval is not None
    assert one.f1_interval.low <= 2 / 3 <= one.f1_interval.high
    assert one.obfuscated is None
    assert json.loads(msgspec.json.encode(report))["sets"][0]["f1"] == pytest.approx(2 / 3)


def test_categories_are_measured_as_the_set_names_them(tmp_path: Path) -> None:
    fake = FakeClassifier({"rotten": scores(unsafe=0.9, categories={"insult": 0.9})})
    rows = [ROWS[0] | {"category": "smalltalk"}, ROWS[1] | {"category": "insult"}]
    report = evaluate(
        [sample(_write(tmp_path / "a.jsonl", rows), layout=PLAIN)], fake.assess, model="", threshold=0.5
    ).report
    (only,) = report.sets[0].categories
    assert (only.category, only.positives, only.recall, only.named) == ("insult", 1, 1.0, 1.0)
    assert report.sets[0].taxonomy == "headgate"


def test_a_disguise_is_judged_too_and_its_cost_stands_beside(tmp_path: Path) -> None:
    rows = [{"prompt": f"{'rotten' if at % 2 else 'lovely'} cabbage number {at}", "label": at % 2} for at in range(40)]
    fake = FakeClassifier({"rotten": 0.9})
    sampled = sample(_write(tmp_path / "a.jsonl", rows), layout=PLAIN)
    one, again = (
        evaluate([sampled], fake.assess, model="", threshold=0.5, obfuscate=True).report.sets[0] for _ in range(2)
    )
    assert one == again
    assert one.obfuscated is not None
    assert (one.recall, one.obfuscated.rows) == (1.0, 40)
    assert one.obfuscated.recall_drop == pytest.approx(1.0 - (one.obfuscated.recall or 0.0))
    assert one.obfuscated.recall_drop > 0.3
    assert fake.calls == 4


def test_what_was_not_judged_is_counted_and_not_measured(tmp_path: Path) -> None:
    sampled = sample(_write(tmp_path / "a.jsonl", ROWS), layout=PLAIN)

    def judge(part: Part) -> Assessment:
        assert isinstance(part, Text)
        return Unjudged(reason="too_long") if "rotten" in part.text else scores()

    found = evaluated(sampled, [judge(one.part) for one in sampled.samples], threshold=0.5)
    assert (found.result.rows, found.result.unjudged, found.result.positives) == (2, 1, 1)
    assert [row.sample.row for row in found.rows] == [1, 3]


def test_a_set_of_which_nothing_was_judged_has_no_figures(tmp_path: Path) -> None:
    sampled = sample(_write(tmp_path / "a.jsonl", ROWS), layout=PLAIN)
    result = evaluated(sampled, [Unjudged(reason="deadline")] * 3, threshold=0.5).result
    assert (result.rows, result.unjudged) == (0, 3)
    assert (result.f1, result.f1_interval, result.ece, result.severity_qwk) == (None, None, None, None)
