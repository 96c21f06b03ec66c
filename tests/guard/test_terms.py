"""What an exchange may do, by its terms and by its prompt."""

from __future__ import annotations

import pytest

from headgate.guard.account import Account
from headgate.guard.terms import State, Terms, goes_ahead
from headgate.models.content import Image, Role, Text
from headgate.policies.decide import Decision
from headgate.policies.verdict import Action

from .dialogue import rules

AHEAD = "version: 1\nname: a\nextends: default\nspeculate: true\n"
ASK = Text(text="hi", path="messages[0].content")


def state(policy: str, action: Action, **more: object) -> State:
    terms = Terms(rules=rules(policy), **more)  # type: ignore[arg-type]
    account = Account(terms.rules.policy.regenerate, terms.now)
    return State(terms, Decision(action=action), "hi", account)


@pytest.mark.parametrize(("action", "most"), [(Action.ALLOW, 5), (Action.FLAG, 5), (Action.GUIDELINE, 2)])
def test_the_prompts_own_action_caps_the_rounds(action: Action, most: int) -> None:
    policy = "version: 1\nname: a\nextends: default\nregenerate: {rounds_when: {guideline: 2, flag: 9}}\n"
    assert state(policy, action).most_rounds == most


def test_a_given_answer_cannot_be_made_again() -> None:
    assert state(AHEAD, Action.ALLOW, given=True).spent()
    assert not state(AHEAD, Action.ALLOW).spent()


@pytest.mark.parametrize(
    ("policy", "more", "ahead"),
    [
        (AHEAD, {"speculates": True}, True),
        (AHEAD, {}, False),
        (AHEAD, {"speculates": True, "given": True}, False),
        (AHEAD, {"speculates": True, "answers": False}, False),
        (AHEAD.replace("true", "false"), {"speculates": True}, False),
        (AHEAD + "on_unjudged: {image: redact}\n", {"speculates": True}, False),
        (AHEAD + "input: {minor: redact, moderate: redact}\n", {"speculates": True}, False),
        (AHEAD + "mode: monitor\ninput: {minor: redact, moderate: redact}\n", {"speculates": True}, True),
    ],
)
def test_what_the_policy_could_mask_never_goes_ahead(policy: str, more: dict[str, bool], ahead: bool) -> None:
    parts = [ASK, Image(url="data:,", path="messages[0].content[1]")]
    assert goes_ahead(Terms(rules=rules(policy), **more), parts) is ahead  # type: ignore[arg-type]


def test_a_tool_result_does_not_go_ahead_where_attacks_in_it_are_masked() -> None:
    page = Text(text="page", role=Role.TOOL_RESULT, path="messages[1].content")
    assert not goes_ahead(Terms(rules=rules(AHEAD), speculates=True), [ASK, page])
