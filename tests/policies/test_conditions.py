from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.models.assessment import NOT_ASSESSED, Assessed, Unjudged
from headgate.models.content import Direction
from headgate.policies.compile import parse_policy
from headgate.policies.conditions import holds
from headgate.policies.context import Context
from headgate.policies.decide import Decision, Judged, decide
from headgate.policies.hits import Hit
from headgate.policies.listed import When
from headgate.policies.thresholds import Thresholds, nominal
from headgate.policies.verdict import Action

from . import drawn

POLICY = parse_policy(
    """version: 1
extends: default
rules:
  no-shell: {when: {tool: shell}, action: refuse}
  warned: {when: {strikes: 3, severity: minor}, action: refuse}
  pictures: {when: {kind: image, purpose: t2i, category: violence}, action: refuse}
exceptions:
  study: {when: {tenant: "lab-*", category: cybercrime}, reason: a study, expires: "2027-01-01"}
lists:
  codes: {words: [zebra], action: redact}
  insults: {words: [blockhead], category: insult, severity: minor}
  praise: {words: [zebra], allow: true}
pii: {output: refuse}
""".replace("  praise: {words: [zebra], allow: true}\n", "  praise: {words: [a zebra crossing], allow: true}\n")
)


def judged(unsafe: float = 0.1, *, direction: Direction = Direction.INPUT, **more: object) -> Judged:
    scores = {key: more.pop(key) for key in ("violence", "cybercrime", "child_safety") if key in more}
    assessed = Assessed(unsafe=unsafe, categories=NOT_ASSESSED | scores, severity=(0.0, 0.0, 1.0, 0.0))  # type: ignore[operator]
    fields = {"part": "a", "direction": direction, "kind": "text", "assessment": assessed} | more
    return Judged(**fields)  # type: ignore[arg-type]


def ask(item: Judged, **context: object) -> Decision:
    where = Context(**({"today": "2026-06-01"} | context))  # type: ignore[arg-type]
    return decide(POLICY, [item], thresholds=nominal(POLICY.thresholds), context=where)


def rules(decision: Decision) -> list[tuple[str, Action]]:
    return [(finding.rule, finding.action) for finding in decision.findings]


def test_a_rule_about_parts_stops_what_nothing_was_found_in() -> None:
    decision = ask(judged(direction=Direction.OUTPUT, tool="shell"))
    assert rules(decision) == [("rules.no-shell", Action.REFUSE)]
    assert ask(judged(direction=Direction.OUTPUT, tool="search")).findings == ()


def test_a_rule_about_findings_raises_them_and_says_so() -> None:
    assert rules(ask(judged(0.9, violence=0.9))) == [("input.moderate", Action.GUIDELINE)]
    assert rules(ask(judged(0.9, violence=0.9), strikes=3)) == [("rules.warned", Action.REFUSE)]
    assert ask(judged(), strikes=9).findings == ()


def test_modality_and_purpose_are_circumstances_too() -> None:
    assert ask(judged(0.9, violence=0.9, kind="image", purpose="t2i")).action is Action.REFUSE
    assert ask(judged(0.9, violence=0.9, kind="image")).action is Action.GUIDELINE


def test_an_exception_holds_for_its_tenant_until_its_day_and_never_on_an_unknown_one() -> None:
    hacking = judged(0.9, cybercrime=0.9)
    assert rules(ask(hacking, tenant="lab-1")) == [("exceptions.study", Action.FLAG)]
    assert ask(hacking, tenant="shop").action is Action.GUIDELINE
    assert ask(hacking, tenant="lab-1", today="2027-01-01").action is Action.GUIDELINE
    assert ask(hacking, tenant="lab-1", today="").action is Action.GUIDELINE


def test_what_lists_find_is_a_finding_with_its_places_by_its_own_action_or_by_the_matrix() -> None:
    hits = (Hit(rule="lists.codes", spans=((2, 7),)), Hit(rule="lists.insults", spans=((9, 12),)))
    decision = ask(judged(hits=hits))
    assert rules(decision) == [("lists.codes", Action.REDACT), ("lists.insults", Action.ALLOW)]
    assert decision.findings[0].spans == ((2, 7),)
    assert decision.findings[1].category == "insult"


def test_lists_count_in_parts_that_no_classifier_judged() -> None:
    item = judged(hits=(Hit(rule="lists.codes", spans=((0, 5),)),), assessment=Unjudged(reason="no_classifier"))
    decision = ask(item)
    assert decision.action is Action.REFUSE
    assert rules(decision) == [("lists.codes", Action.REDACT)]


def test_personal_data_follows_the_direction() -> None:
    email = (Hit(rule="pii.email", spans=((0, 9),)),)
    assert ask(judged(hits=email)).action is Action.REDACT
    assert ask(judged(hits=email, direction=Direction.OUTPUT)).action is Action.REFUSE


def test_a_text_that_is_an_entry_of_an_allow_list_is_flagged_at_most() -> None:
    excused = (Hit(rule="lists.praise", excuses=True),)
    assert rules(ask(judged(0.9, violence=0.9, hits=excused))) == [("lists.praise", Action.FLAG)]
    assert ask(judged(0.9, child_safety=0.9, hits=excused)).action is Action.REFUSE


@pytest.mark.parametrize("rule", ["lists.story", "lists.codes", "custom.praise"])
def test_an_allow_list_that_the_policy_does_not_have_excuses_nothing(rule: str) -> None:
    excused = (Hit(rule=rule, excuses=True),)
    assert rules(ask(judged(0.9, violence=0.9, hits=excused))) == [("input.moderate", Action.GUIDELINE)]


def test_what_another_policy_blocks_by_the_name_of_an_allow_list_is_no_finding() -> None:
    assert rules(ask(judged(hits=(Hit(rule="lists.praise", spans=((0, 5),)),)))) == []


@pytest.mark.parametrize(("tag", "expected"), [("de", True), ("de-at", True), ("den", False)])
def test_a_language_includes_its_varieties(tag: str, expected: bool) -> None:
    assert holds(When(language=("de",)), judged(), Context(languages=(tag,))) is expected


@settings(max_examples=40, deadline=None)
@given(
    st.lists(drawn.judged(), max_size=3),
    drawn.thresholds(),
    drawn.conditions(),
    st.builds(Context, tenant=st.sampled_from(["", "acme"]), strikes=st.sampled_from([0.0, 5.0])),
)
def test_rules_only_tighten_and_exceptions_only_loosen_to_a_flag(
    parts: list[Judged], limits: Thresholds, blocks: dict[str, object], context: Context
) -> None:
    def decided(keys: set[str]) -> Decision:
        document = {"version": 1, "extends": "default"} | {key: blocks[key] for key in keys}
        return decide(parse_policy(drawn.written(document)), parts, thresholds=limits, context=context)

    plain, tightened, loosened = decided(set()), decided({"rules"}), decided({"exceptions"})
    assert plain.action <= tightened.action
    assert loosened.action <= plain.action
    assert plain.coverage == tightened.coverage == loosened.coverage
    missed = [miss.action for miss in plain.coverage.unjudged]
    assert not missed or loosened.action >= max(missed)
