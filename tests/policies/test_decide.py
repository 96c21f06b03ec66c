from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.models.assessment import NOT_ASSESSED, Assessed, Severity, Unjudged
from headgate.models.content import Direction
from headgate.models.fakes import scores
from headgate.policies.compile import load_policy, parse_policy
from headgate.policies.compiled import CompiledPolicy
from headgate.policies.decide import Decision, Judged, decide, severity_of
from headgate.policies.thresholds import Thresholds, resolve
from headgate.policies.verdict import DELIVERS, Action

from . import drawn

DEFAULT = load_policy("default")
LIMITS = resolve(DEFAULT.thresholds)


def scored(
    unsafe: float, *, severity: int | None = None, sensitive: float | None = None, **categories: float
) -> Assessed:
    levels = None if severity is None else tuple(float(level == severity) for level in range(4))
    return Assessed(unsafe=unsafe, categories=NOT_ASSESSED | categories, severity=levels, sensitive=sensitive)


def ask(assessed: Assessed, direction: Direction = Direction.INPUT, *, limits: Thresholds = LIMITS) -> Decision:
    part = Judged(part="messages[0]", direction=direction, kind="text", assessment=assessed)
    return decide(DEFAULT, [part], thresholds=limits)


def found(decision: Decision) -> list[tuple[str, str, str]]:
    return [(one.category, one.severity.slug, one.action.value) for one in decision.findings]


def test_a_harmless_part_is_allowed_without_a_finding() -> None:
    decision = ask(scored(0.2, violence=0.4))
    assert (decision.action, decision.findings, decision.coverage.judged) == (Action.ALLOW, (), ("messages[0]",))


def test_a_flagged_part_is_put_down_to_the_categories_that_count() -> None:
    decision = ask(scored(0.9, severity=2, violence=0.7, insult=0.6, drugs=0.1), Direction.OUTPUT)
    assert found(decision) == [("insult", "moderate", "regenerate"), ("violence", "moderate", "regenerate")]
    assert decision.findings[1].rule == "output.moderate"
    assert (decision.findings[1].confidence, decision.findings[1].threshold) == (0.7, 0.5)


def test_a_flagged_part_is_never_lost_where_no_category_is_sure() -> None:
    likeliest = ask(scored(0.9, severity=2, violence=0.3, drugs=0.2))
    assert found(likeliest) == [("violence", "moderate", "guideline")]
    assert (likeliest.findings[0].confidence, likeliest.findings[0].threshold) == (0.9, 0.5)
    assert found(ask(scored(0.9, severity=2, violence=0.1))) == [("other", "moderate", "guideline")]
    assert found(ask(scored(0.9))) == [("other", "minor", "allow")]


def test_of_what_a_flagged_part_may_be_the_strictest_counts_beside_the_likeliest() -> None:
    both = ask(scored(0.9, severity=2, violence=0.4, child_safety=0.3))
    assert found(both) == [("child_safety", "severe", "refuse"), ("violence", "moderate", "guideline")]
    assert found(ask(scored(0.9, severity=2, violence=0.4, child_safety=0.1)))[0][0] == "violence"
    assert found(ask(scored(0.9, severity=2, violence=0.4, drugs=0.3))) == [("violence", "moderate", "guideline")]


def test_a_category_with_a_threshold_of_its_own_counts_without_the_part_being_flagged() -> None:
    own = msgspec.structs.replace(LIMITS, alone={"violence": 0.6})
    assert found(ask(scored(0.1, severity=2, violence=0.65), limits=own)) == [("violence", "moderate", "guideline")]
    assert found(ask(scored(0.1, severity=2, violence=0.65))) == []


def test_an_attack_counts_by_itself_in_all_that_the_model_reads_and_never_in_its_answer() -> None:
    attack = scored(0.1, severity=0, prompt_attack=0.9)
    assert found(ask(attack)) == [("prompt_attack", "moderate", "refuse")]
    assert found(ask(attack, Direction.TOOL_RESULT)) == [("prompt_attack", "moderate", "redact")]
    assert found(ask(attack, Direction.DOCUMENT)) == [("prompt_attack", "moderate", "redact")]
    assert found(ask(attack, Direction.OUTPUT)) == []
    assert found(ask(scored(0.9, severity=2, prompt_attack=0.9), Direction.OUTPUT)) == [
        ("other", "moderate", "regenerate")
    ]


@pytest.mark.parametrize("direction", list(Direction))
def test_child_safety_counts_by_itself_and_is_severe_whatever_the_head_says(direction: Direction) -> None:
    decision = ask(scored(0.1, severity=0, child_safety=0.6), direction)
    assert found(decision) == [("child_safety", "severe", "refuse")]


def test_a_person_at_risk_is_supported_and_never_refused_for_it() -> None:
    decision = ask(scored(0.1, sensitive=0.9))
    assert (decision.action, decision.findings[0].rule) == (Action.SUPPORT, "support")
    assert ask(scored(0.1, sensitive=0.9), Direction.OUTPUT).action is Action.ALLOW
    harsh = parse_policy("version: 1\ncategories: {self_harm: {input: refuse}}")
    part = Judged(part="a", direction=Direction.INPUT, kind="text", assessment=scored(0.1, sensitive=0.9))
    assert decide(harsh, [part], thresholds=LIMITS).action is Action.FLAG


@pytest.mark.parametrize(
    ("distribution", "category", "severity"),
    [
        (None, "violence", 2),
        (None, "human_trafficking", 3),
        (None, "misinformation", 1),
        ((0.9, 0.1, 0.0, 0.0), "violence", 1),
        ((0.2, 0.3, 0.3, 0.2), "violence", 2),
        ((0.1, 0.2, 0.2, 0.5), "violence", 3),
        ((0.9, 0.1, 0.0, 0.0), "human_trafficking", 1),
        ((0.9, 0.1, 0.0, 0.0), "child_safety", 3),
    ],
)
def test_severity_is_the_highest_level_reached_by_half_and_not_under_the_floor(
    distribution: tuple[float, float, float, float] | None, category: str, severity: int
) -> None:
    assessed = Assessed(unsafe=0.9, categories=NOT_ASSESSED, severity=distribution)
    assert severity_of(assessed, category) is Severity(severity)


def test_what_nobody_reads_follows_on_unjudged_and_what_failed_follows_on_error() -> None:
    def missed(policy: CompiledPolicy, reason: str) -> Action:
        part = Judged(part="a", direction=Direction.INPUT, kind="image", assessment=Unjudged(reason=reason))
        decision = decide(policy, [part], thresholds=LIMITS)
        assert decision.coverage.unjudged[0].action is decision.action
        return decision.action

    opened = parse_policy("version: 1\non_error: open\non_unjudged: {image: refuse}")
    assert missed(DEFAULT, "no_classifier") is Action.FLAG
    assert {missed(DEFAULT, reason) for reason in ("inference_failed", "deadline", "overloaded")} == {Action.REFUSE}
    assert missed(opened, "no_classifier") is Action.REFUSE
    assert missed(opened, "deadline") is Action.FLAG


def test_a_score_that_is_no_number_counts_as_high() -> None:
    assert ask(scored(math.nan, severity=2)).action is Action.GUIDELINE
    assert ask(scored(0.1, child_safety=math.nan)).action is Action.REFUSE


def test_every_part_is_in_exactly_one_side_of_the_coverage_and_the_strongest_action_wins() -> None:
    parts = [
        Judged(part="a", direction=Direction.INPUT, kind="text", assessment=scored(0.1)),
        Judged(part="b", direction=Direction.INPUT, kind="image", assessment=Unjudged(reason="no_classifier")),
        Judged(part="c", direction=Direction.OUTPUT, kind="text", assessment=scored(0.9, severity=2)),
    ]
    decision = decide(DEFAULT, parts, thresholds=LIMITS)
    assert decision.action is Action.REGENERATE
    assert decision.coverage.judged == ("a", "c")
    assert [missed.part for missed in decision.coverage.unjudged] == ["b"]
    assert decide(DEFAULT, [], thresholds=LIMITS).action is Action.ALLOW


@settings(max_examples=30, deadline=None)
@given(drawn.policies(), st.lists(drawn.judged(), max_size=3), drawn.thresholds(), st.integers(0, 9))
def test_it_is_total_deterministic_and_ordered(
    policy: CompiledPolicy, parts: list[Judged], limits: Thresholds, rounds: int
) -> None:
    decision = decide(policy, parts, thresholds=limits, tighten=rounds)
    assert msgspec.json.encode(decision) == msgspec.json.encode(
        decide(policy, parts, thresholds=limits, tighten=rounds)
    )
    assert len(decision.coverage.judged) + len(decision.coverage.unjudged) == len(parts)
    for part in {judged.part for judged in parts}:
        if sum(judged.part == part for judged in parts) == 1:
            forces = [finding.action.force for finding in decision.findings if finding.part == part]
            assert forces == sorted(forces, reverse=True)


@settings(max_examples=30, deadline=None)
@given(drawn.policies(), st.lists(drawn.judged(), max_size=3), drawn.thresholds(), st.integers(0, 8))
def test_tightening_never_lowers_the_action(
    policy: CompiledPolicy, parts: list[Judged], limits: Thresholds, rounds: int
) -> None:
    now = decide(policy, parts, thresholds=limits, tighten=rounds).action
    assert now <= decide(policy, parts, thresholds=limits, tighten=rounds + 1).action


@settings(max_examples=20, deadline=None)
@given(st.lists(drawn.judged(), max_size=3), drawn.judged(st.builds(Unjudged, reason=st.text(max_size=12))))
def test_an_unjudged_part_never_passes_a_closed_policy(parts: list[Judged], unjudged: Judged) -> None:
    closed = load_policy("strict")
    decision = decide(closed, [*parts, unjudged], thresholds=LIMITS)
    assert decision.action not in DELIVERS


@pytest.mark.parametrize(
    ("severity", "expected"),
    [
        ((0.6, 0.4, 0.0, 0.0), Severity.MINOR),
        ((0.2, 0.6, 0.2, 0.0), Severity.MINOR),
        ((0.4, 0.3, 0.3, 0.0), Severity.MINOR),
        ((0.4, 0.25, 0.35, 0.0), Severity.MODERATE),
        ((0.1, 0.2, 0.3, 0.4), Severity.MODERATE),
        ((0.1, 0.1, 0.2, 0.6), Severity.SEVERE),
    ],
)
def test_moderate_counts_at_a_third_and_severe_at_a_half(
    severity: tuple[float, float, float, float], expected: Severity
) -> None:
    assessed = msgspec.structs.replace(scores(unsafe=0.9), severity=severity)
    assert severity_of(assessed, "violence") is expected


MISSING = Unjudged(reason="deadline", detail="late", model="large")


def test_a_missing_judge_counts_as_the_policy_rules_for_failures_and_findings_stand() -> None:
    partial = msgspec.structs.replace(scored(0.9, severity=1, violence=0.9), missed=(MISSING,))
    decision = ask(partial)
    assert decision.action is Action.REFUSE
    assert found(decision)[0][0] == "violence"
    assert decision.coverage.judged == ()
    (missed,) = decision.coverage.unjudged
    assert (missed.reason, missed.model, missed.action) == ("deadline", "large", Action.REFUSE)


def test_an_open_policy_flags_what_a_missing_judge_left_open() -> None:
    policy = parse_policy("version: 1\nname: open\nextends: default\non_error: open\n")
    partial = msgspec.structs.replace(scored(0.1), missed=(MISSING,))
    part = Judged(part="p", direction=Direction.INPUT, kind="text", assessment=partial)
    assert decide(policy, [part], thresholds=LIMITS).action is Action.FLAG


def test_coverage_names_who_judged_where_several_did() -> None:
    assert ask(msgspec.structs.replace(scored(0.1), model="small+large")).coverage.by == {"messages[0]": "small+large"}
    assert ask(msgspec.structs.replace(scored(0.1), model="small")).coverage.by == {}


BETTING = parse_policy("""version: 1
extends: default
on_error: open
on_unjudged: {text: refuse}
custom: {betting: {examples: [A bet.], action: refuse}, chess: {examples: [A game.], action: allow}}
""")


def gaps(policy: CompiledPolicy, *unread: str, missed: tuple[Unjudged, ...] = ()) -> list[tuple[str, str, Action]]:
    assessed = msgspec.structs.replace(scored(0.1), missed=missed)
    part = Judged(part="a", direction=Direction.INPUT, kind="text", assessment=assessed, unread=unread)
    decision = decide(policy, [part], thresholds=LIMITS)
    assert decision.coverage.judged == (() if decision.coverage.unjudged else ("a",))
    assert decision.action is max((one.action for one in decision.coverage.unjudged), default=Action.ALLOW)
    return [(one.reason, one.model, one.action) for one in decision.coverage.unjudged]


def test_a_line_that_was_not_looked_for_calls_for_its_own_action_at_most_and_a_flag_at_least() -> None:
    assert gaps(BETTING, "custom.betting") == [("no_encoder", "custom.betting", Action.REFUSE)]
    assert gaps(BETTING, "custom.chess") == [("no_encoder", "custom.chess", Action.FLAG)]


def test_a_line_that_was_not_looked_for_is_told_beside_a_judge_that_is_missing() -> None:
    both = gaps(BETTING, "custom.betting", missed=(MISSING,))
    assert both == [("deadline", "large", Action.FLAG), ("no_encoder", "custom.betting", Action.REFUSE)]


def test_lines_that_the_policy_does_not_have_are_not_missed() -> None:
    assert gaps(DEFAULT, "custom.betting") == []
    assert gaps(BETTING, "custom.poker", "custom.chess") == [("no_encoder", "custom.chess", Action.FLAG)]
