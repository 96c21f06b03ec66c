from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from headgate.guard.evaluate import evaluate, evaluated, level_of, sample, score
from headgate.guard.rows import Columns, columns
from headgate.models.assessment import Assessment, Unjudged
from headgate.models.content import Part, Text
from headgate.models.errors import InputError
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


def test_rows_become_samples_and_what_has_no_side_is_counted(tmp_path: Path) -> None:
    found = sample(_write(tmp_path / "mine.jsonl", ROWS), layout=PLAIN)
    assert found.name == "mine"
    assert [one.positive for one in found.samples] == [False, True, True]
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


def test_the_worse_of_unsafe_and_attack_is_the_score() -> None:
    assert score(scores(unsafe=0.2, categories={"prompt_attack": 0.7})) == 0.7
    assert score(scores(unsafe=0.2, covers=["violence"])) == 0.2


def test_the_level_is_the_highest_that_is_more_likely_than_not() -> None:
    assert [level_of(p) for p in [(1.0, 0, 0, 0), (0.2, 0.2, 0.3, 0.3), (0.1, 0.1, 0.2, 0.6)]] == [0, 2, 3]


def test_every_set_is_measured_at_one_threshold(tmp_path: Path) -> None:
    fake = FakeClassifier({"rotten": scores(unsafe=0.9, severity=2), "trick": 0.4})
    sets = [sample(_write(tmp_path / f"{name}.jsonl", ROWS), layout=PLAIN) for name in "ab"]
    report = evaluate(sets, fake.assess, model="fake@0", threshold=0.5, progress=lambda done: None)
    assert [one.name for one in report.sets] == ["a", "b"]
    one = report.sets[0]
    assert (one.rows, one.recall, one.precision, one.fpr, one.auroc) == (3, 0.5, 1.0, 0.0, 1.0)
    assert (one.severity_rows, one.severity_qwk) == (2, 1.0)
    assert json.loads(msgspec.json.encode(report))["sets"][0]["f1"] == pytest.approx(2 / 3)


def test_what_was_not_judged_is_counted_and_not_measured(tmp_path: Path) -> None:
    sampled = sample(_write(tmp_path / "a.jsonl", ROWS), layout=PLAIN)

    def judge(part: Part) -> Assessment:
        assert isinstance(part, Text)
        return Unjudged(reason="too_long") if "rotten" in part.text else scores()

    found = evaluated(sampled, [judge(one.part) for one in sampled.samples], threshold=0.5)
    assert (found.rows, found.unjudged, found.positives) == (2, 1, 1)
