from __future__ import annotations

from headgate.guard.explain import explain
from headgate.guard.guard import Guard
from headgate.models.content import Image
from headgate.policies.compile import load_policy, parse_policy
from headgate.policies.verdict import Action

from .commands.shell import fake
from .dialogue import BAD


def test_a_finding_is_told_with_its_line_its_score_and_what_would_change_it() -> None:
    with Guard("default", fake()) as guard:
        found = explain(guard.check(f"A {BAD} question."), guard.policy)
    (reason,) = found.reasons
    assert (found.action, found.otherwise, found.same_policy) == (Action.GUIDELINE, Action.ALLOW, True)
    assert (reason.category, reason.score, reason.decisive) == ("violence", 0.9, True)
    assert reason.place.startswith("packs/default.yaml:")
    assert "a score under 0.5 (it is 0.4 over it)" in reason.without
    assert "held to be minor it would be allow" in reason.without


def test_without_what_decided_it_the_next_reason_would() -> None:
    policy = parse_policy("version: 1\nextends: default\nlists: {codes: {words: [zebra], action: refuse}}\n")
    with Guard(policy, fake()) as guard:
        found = explain(guard.check(f"A {BAD} zebra."), policy)
    assert (found.action, found.otherwise) == (Action.REFUSE, Action.GUIDELINE)
    assert (found.reasons[0].rule, found.reasons[0].spans) == ("lists.codes", ((9, 14),))
    assert found.reasons[0].without == "a text without what lists.codes looks for"


def test_a_part_that_nobody_judged_is_a_reason_too() -> None:
    with Guard("strict", fake(kinds=frozenset({"text"}))) as guard:
        verdict = guard.conclude([Image(data=b"x", path="images[0]")]).verdict
        found = explain(verdict, guard.policy)
    assert (found.reasons[0].part, found.reasons[0].decisive) == ("images[0]", True)
    assert "no_classifier" in found.reasons[0].without


def test_the_lines_of_another_policy_are_not_shown_as_if_they_had_decided() -> None:
    with Guard("default", fake()) as guard:
        found = explain(guard.check(f"A {BAD} question."), load_policy("strict"))
    assert (found.same_policy, found.reasons[0].place) == (False, "")
