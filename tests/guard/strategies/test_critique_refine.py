from hypothesis import given
from hypothesis import strategies as st

from headgate.guard.guidelines import acceptable
from headgate.guard.strategies import Rejected
from headgate.guard.strategies.critique_refine import critique, critique_refine
from headgate.models.assessment import Severity
from headgate.policies.verdict import Action

from ..test_guidelines import finding

HARM = "zyxwvut"


def test_the_critique_says_which_rule_where_and_what_would_be_acceptable() -> None:
    said = critique(
        Rejected(round=2, findings=(finding("insult", part="response[0].content"),), sentence=3, answer=HARM)
    )
    assert "Insulting behavior (moderate), in the answer from sentence 3 on." in said
    assert acceptable("insult", severity=2) in said
    assert "attempt 2" in said


def test_reasoning_and_tool_calls_are_named_as_such() -> None:
    found = (
        finding("drugs", part="response[1].reasoning"),
        finding("cybercrime", part="response[0].tool_calls[2].arguments"),
    )
    said = critique(Rejected(round=1, findings=found, sentence=3))
    assert "Drugs (moderate), in the reasoning before the answer." in said
    assert "Cybercrime (moderate), in the arguments of a tool call." in said


def test_a_category_is_criticised_once_at_its_worst() -> None:
    found = (finding("drugs"), finding("drugs", Action.REFUSE, severity=Severity.SEVERE))
    said = critique(Rejected(round=1, findings=found))
    assert said.count("Drugs") == 1
    assert "Drugs (severe)" in said


def test_what_could_not_be_judged_is_criticised_as_that() -> None:
    assert "could not be checked" in critique(Rejected(round=1, findings=()))


@given(st.integers(1, 20), st.integers(1, 50) | st.none())
def test_the_rejected_text_is_in_no_turn_and_roles_alternate(round: int, sentence: int | None) -> None:
    plan = critique_refine(
        Rejected(round=round, findings=(finding("insult"),), answer=HARM, question="Why?", sentence=sentence)
    )
    assert [role for role, _ in plan.turns] == ["assistant", "user"]
    assert HARM not in str(plan)
    assert "Insulting behavior" in (plan.guidance or "")
