from __future__ import annotations

from headgate.guard.messages import SUPPORT, refusal, support
from headgate.models.assessment import Severity
from headgate.policies.compile import parse_policy
from headgate.policies.verdict import Action, Coverage, Finding, Missed

PLAIN = parse_policy("version: 1\nname: p\nextends: default\n")
OWN = parse_policy("version: 1\nname: p\nextends: default\nblock: {message: Our no., support: Our help.}\n")
FOUND = Finding(
    category="drugs", severity=Severity.SEVERE, confidence=0.9, threshold=0.5, part="p", rule="r", action=Action.REFUSE
)


def test_a_refusal_names_the_category_in_plain_words() -> None:
    assert "drugs" in refusal(PLAIN, [FOUND], Coverage())


def test_a_refusal_after_many_tries_says_so() -> None:
    assert "couldn't" in refusal(PLAIN, [FOUND], Coverage(), tried=True)


def test_what_was_not_judged_is_not_called_unsafe() -> None:
    missed = Coverage(unjudged=(Missed(part="p", reason="deadline", action=Action.REFUSE),))
    assert "could not be checked" in refusal(PLAIN, [], missed)


def test_the_policy_s_own_words_win() -> None:
    assert refusal(OWN, [FOUND], Coverage()) == "Our no."
    assert support(OWN) == "Our help."
    assert support(PLAIN) == SUPPORT
