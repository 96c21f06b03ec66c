from __future__ import annotations

import pytest

from headgate.gateway.results import phases, result_of
from headgate.models.assessment import Severity
from headgate.policies.verdict import Action, Coverage, Finding, Missed, Round, Verdict

ROUND = Round(round=1, strategy="request", action=Action.ALLOW)


def finding(part: str, action: Action) -> Finding:
    return Finding(
        category="violence", severity=Severity.MINOR, confidence=1, threshold=0, part=part, rule="r", action=action
    )


def verdict(*findings: Finding, rounds: int = 1, mode: str = "enforce", missed: tuple[str, ...] = ()) -> Verdict:
    return Verdict(
        action=max((one.action for one in findings), default=Action.ALLOW),
        findings=findings,
        rounds=(ROUND,) * rounds,
        mode=mode,
        coverage=Coverage(unjudged=tuple(Missed(part=part, reason="r", action=Action.FLAG) for part in missed)),
    )


def found(given: Verdict, delivery: str = "delivered") -> dict[str, str]:
    return {phase.direction: phase.result for phase in phases(given, delivery)}


@pytest.mark.parametrize(
    ("given", "delivery", "result"),
    [
        (verdict(), "delivered", {"input": "allowed", "output": "allowed"}),
        (verdict(rounds=0), "delivered", {"input": "allowed"}),
        (verdict(finding("messages[0]", Action.REFUSE), rounds=0), "refused", {"input": "blocked"}),
        (verdict(finding("messages[0]", Action.REDACT)), "delivered", {"input": "masked", "output": "allowed"}),
        (verdict(finding("messages[0]", Action.GUIDELINE)), "delivered", {"input": "allowed", "output": "allowed"}),
        (verdict(rounds=3), "delivered", {"input": "allowed", "output": "regenerated"}),
        (verdict(finding("response[0].content", Action.REFUSE)), "cut", {"input": "allowed", "output": "blocked"}),
        (verdict(missed=("images[0]",)), "delivered", {"input": "unjudged", "output": "allowed"}),
        (verdict(missed=("response[0].content",)), "delivered", {"input": "allowed", "output": "unjudged"}),
    ],
)
def test_each_direction_has_a_result_of_its_own(given: Verdict, delivery: str, result: dict[str, str]) -> None:
    assert found(given, delivery) == result


def test_monitoring_tells_what_would_have_been_done() -> None:
    given = verdict(
        finding("messages[0]", Action.REDACT), finding("response[0].content", Action.REFUSE), mode="monitor"
    )
    assert found(given) == {"input": "would_mask", "output": "would_block"}


@pytest.mark.parametrize(
    ("given", "delivery", "word"),
    [
        (verdict(), "refused", "refused"),
        (verdict(rounds=2), "delivered", "regenerated"),
        (verdict(missed=("x",)), "delivered", "unjudged"),
        (verdict(finding("x", Action.FLAG)), "delivered", "flagged"),
        (verdict(), "delivered", "allowed"),
    ],
)
def test_a_request_has_one_word(given: Verdict, delivery: str, word: str) -> None:
    assert result_of(given, delivery) == word
