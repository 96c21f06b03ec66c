from __future__ import annotations

import itertools

import msgspec

from headgate.models.assessment import Severity
from headgate.policies.verdict import DELIVERS, Action, Coverage, Finding, Missed, Verdict

FINDING = Finding(
    category="insult",
    severity=Severity.MINOR,
    confidence=0.8,
    threshold=0.5,
    part="messages[0]",
    rule="input.minor",
    action=Action.FLAG,
)


def test_actions_are_ordered_by_force_and_the_strictest_is_the_greatest() -> None:
    assert [str(action) for action in sorted(Action)] == [
        "allow", "flag", "guideline", "redact", "correct", "regenerate", "support", "refuse",
    ]  # fmt: skip
    assert max(Action) is Action.REFUSE
    assert all(a.force < b.force for a, b in itertools.pairwise(Action))


def test_content_passes_unchanged_up_to_guideline_and_always_in_monitor_mode() -> None:
    assert {action for action in Action if Verdict(action=action).delivers} == DELIVERS
    assert Verdict(action=Action.REFUSE, mode="monitor").delivers


def test_equal_verdicts_give_equal_bytes_and_survive_the_round_trip() -> None:
    missed = Missed(part="messages[1]", reason="no_classifier", action=Action.FLAG)
    verdict = Verdict(action=Action.FLAG, findings=(FINDING,), coverage=Coverage(judged=("a",), unjudged=(missed,)))
    again = msgspec.json.decode(verdict.to_json(), type=Verdict)
    assert again == verdict
    assert again.to_json() == verdict.to_json()
    assert again.unjudged == (missed,)


def test_the_severity_of_a_verdict_is_the_worst_found() -> None:
    worse = msgspec.structs.replace(FINDING, severity=Severity.SEVERE)
    assert Verdict(action=Action.FLAG, findings=(FINDING, worse)).severity is Severity.SEVERE
    assert Verdict(action=Action.ALLOW).severity is Severity.NONE
