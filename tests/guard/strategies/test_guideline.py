from headgate.guard.strategies import Rejected
from headgate.guard.strategies.guideline import guideline

from ..test_guidelines import finding


def test_guideline_speaks_of_the_answer_and_of_the_prompt() -> None:
    plan = guideline(Rejected(round=1, findings=(finding("insult"),), prompt_findings=(finding("drugs"),)))
    assert plan.n is None
    assert "Insulting behavior" in (plan.guidance or "")
    assert "Drugs" in (plan.guidance or "")
