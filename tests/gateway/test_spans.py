from __future__ import annotations

from headgate.gateway.spans import describe, exchange_attributes
from headgate.guard import telemetry as names
from headgate.guard.effects import Finish
from headgate.guard.observe import Draw, Helped, Judging, Timeline
from headgate.models.assessment import Severity
from headgate.models.content import Direction
from headgate.policies.verdict import Action, Coverage, Finding, Missed, Round, Verdict


def finding(part: str, action: Action) -> Finding:
    return Finding(
        category="violence",
        severity=Severity.MODERATE,
        confidence=0.9,
        threshold=0.5,
        part=part,
        rule="output.moderate",
        action=action,
    )


def judging(direction: Direction, round_: int, at: int) -> Judging:
    return Judging(direction=direction, round=round_, began=at, ended=at + 1, parts=1, unjudged=0, worst=at / 100)


def timeline(finish: Finish | None) -> Timeline:
    return Timeline(
        began=0,
        ended=60,
        judgings=[
            judging(Direction.INPUT, 0, 1),
            judging(Direction.OUTPUT, 1, 20),
            judging(Direction.OUTPUT, 1, 22),
            judging(Direction.OUTPUT, 2, 40),
        ],
        draws=[
            Draw(round=1, began=10, first=15, ended=19, tokens=7),
            Draw(round=2, began=30, first=None, ended=None),
        ],
        helped=[Helped(service="critic", began=25, ended=28, tokens=4, fault="answered 500")],
        finish=finish,
        said=["a question"],
        answered=["an ", "answer"],
    )


BAD = finding("response[0].content", Action.REGENERATE)
FINISH = Finish(
    verdict=Verdict(
        action=Action.REGENERATE,
        policy="mine",
        policy_hash="0123",
        coverage=Coverage(
            judged=("messages[0].content",), unjudged=(Missed(part="images[0]", reason="r", action=Action.FLAG),)
        ),
        rounds=(
            Round(round=1, strategy="request", action=Action.REGENERATE, findings=(BAD,)),
            Round(round=2, strategy="guideline", action=Action.ALLOW),
        ),
    ),
    delivery="delivered",
)


def test_each_judged_direction_of_each_round_each_draw_and_each_helper_is_a_span() -> None:
    told = [(one.name, one.began, one.ended, one.remote) for one in describe(timeline(FINISH))]
    assert told == [
        ("run_guardrail headgate", 1, 2, False),
        ("chat", 10, 19, True),
        ("run_guardrail headgate", 20, 23, False),
        ("chat", 30, 60, True),
        ("run_guardrail headgate", 40, 41, False),
        ("chat critic", 25, 28, True),
    ]


def test_a_guardrails_span_says_what_was_decided_about_its_round() -> None:
    asked, _, first, _, second, _ = describe(timeline(FINISH))
    assert asked.attributes[names.TARGET] == "input"
    assert asked.attributes[names.VERDICT] == "warn"
    assert asked.attributes[names.VERDICT_REASON] == "unjudged"
    assert first.attributes[names.VERDICT] == "deny"
    assert first.attributes[names.ACTION] == "modify"
    assert first.attributes[names.RISK_CATEGORY] == "violence"
    assert first.attributes[names.RISK_SCORE] == 0.22
    assert first.attributes[names.POLICY_ID] == "mine@0123"
    assert first.attributes[names.SPAN_KIND] == "GUARDRAIL"
    assert first.events == (
        {
            names.RISK_CATEGORY: "violence",
            names.RISK_SCORE: 0.9,
            names.RULE_ID: "output.moderate",
            names.SEVERITY: "moderate",
            names.TARGET_ID: "response[0].content",
        },
    )
    assert (second.attributes[names.VERDICT], second.attributes[names.STRATEGY]) == ("allow", "guideline")


def test_a_draw_tells_tokens_times_and_whether_it_came_to_an_end() -> None:
    _, first, _, second, _, helper = describe(timeline(FINISH))
    assert first.attributes[names.OUTPUT_TOKENS] == 7
    assert first.attributes[names.FIRST_CHUNK] == 5e-9
    assert (first.fault, second.fault, helper.fault) == (None, "broken_off", "helper_failed")


def test_content_is_there_only_where_it_is_switched_on() -> None:
    assert "question" not in repr(list(describe(timeline(FINISH))))
    _, first, _, second, *_ = describe(timeline(FINISH), content=True)
    assert first.attributes[names.INPUT_VALUE] == "a question"
    assert names.OUTPUT_VALUE not in first.attributes
    assert second.attributes[names.OUTPUT_VALUE] == "an answer"


def test_an_exchange_that_broke_off_claims_no_verdict() -> None:
    told = list(describe(timeline(None)))
    assert all(names.VERDICT not in one.attributes for one in told)
    assert told[0].fault == "exchange_broken_off"
    assert exchange_attributes(timeline(None)) == {}


def test_the_request_itself_carries_the_verdict() -> None:
    found = exchange_attributes(timeline(FINISH))
    assert found[names.DELIVERY] == "delivered"
    assert found[names.ROUNDS] == 2
    assert found[names.UNJUDGED] == 1
    assert found[names.VERDICT] == "deny"
