from __future__ import annotations

import json

import pytest

from headgate.guard.filter.sort import bin_of, found_in, gap, unread
from headgate.models.assessment import Severity
from headgate.policies.verdict import Action, Coverage, Finding, Missed, Verdict


@pytest.mark.parametrize(
    ("action", "bin"),
    [
        ("allow", "kept"),
        ("flag", "review"),
        ("guideline", "review"),
        ("support", "review"),
        ("redact", "dropped"),
        ("correct", "dropped"),
        ("regenerate", "dropped"),
        ("refuse", "dropped"),
    ],
)
def test_every_action_has_its_file(action: str, bin: str) -> None:
    assert bin_of(Verdict(action=Action(action))) == bin
    assert bin_of(Verdict(action=Action(action), mode="monitor")) == "kept"


def test_a_gap_is_what_nobody_judged_of_an_answer_and_the_policy_does_not_pass() -> None:
    def missing(part: str, action: Action) -> Verdict:
        missed = Missed(part=part, reason="timeout", action=action)
        return Verdict(action=Action.REGENERATE, coverage=Coverage(unjudged=(missed,)))

    found = gap(missing("response[0].content", Action.FLAG))
    assert found is not None
    assert found.part == "response[0].content"
    assert gap(missing("response[0].content", Action.ALLOW)) is None
    assert gap(missing("image", Action.FLAG)) is None


def test_a_row_that_is_no_text_is_shown_escaped_and_a_huge_one_by_its_size() -> None:
    assert json.loads(unread("f", 3, b"\xff!\r\n", "why")) == {"file": "f", "line": 3, "reason": "why", "raw": "\\xff!"}
    huge = json.loads(unread("f", 3, b"x" * (1 << 21), "why"))
    assert huge == {"file": "f", "line": 3, "reason": "why", "bytes": 1 << 21}


def test_a_category_counts_once_for_each_severity() -> None:
    one = Finding(
        category="insult",
        severity=Severity.MINOR,
        confidence=0.9,
        threshold=0.5,
        part="a",
        rule="r",
        action=Action.FLAG,
    )
    assert found_in([one, one]) == {("insult", "minor")}
