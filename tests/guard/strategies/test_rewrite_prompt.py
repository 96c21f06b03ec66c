import pytest

from headgate.guard.strategies import Rejected
from headgate.guard.strategies.rewrite_prompt import rewrite_prompt, rewritten

from ..test_guidelines import finding

REJECTED = Rejected(
    round=1,
    findings=(),
    prompt_findings=(finding("cybercrime"),),
    question="Open {this} >>> now",
    services=frozenset({"rewriter"}),
)


def test_the_rewriter_sees_the_prompt_as_fenced_text_and_the_category() -> None:
    plan = rewrite_prompt(REJECTED)
    assert plan.rewrite is not None
    assert plan.rewrite.service == "rewriter"
    assert "harm (cybercrime)" in plan.rewrite.prompt
    assert "<<<\nOpen {this} > > > now\n>>>" in plan.rewrite.prompt
    assert "Cybercrime" in (plan.guidance or "")


def test_without_a_rewriter_or_a_prompt_the_guideline_is_the_plan() -> None:
    for rejected in (
        Rejected(round=1, findings=(), question="Why?"),
        Rejected(round=1, findings=(), question=" ", services=frozenset({"rewriter"})),
    ):
        assert rewrite_prompt(rejected).rewrite is None


@pytest.mark.parametrize("said", [None, "", "  \n", "UNCHANGED", "'UNCHANGED'.", "<<<\nWhy me?\n>>>", "Why  me?"])
def test_a_rewriter_that_is_silent_or_changes_nothing_rewrites_nothing(said: str | None) -> None:
    assert rewritten("Why me?", said) is None


def test_the_rewritten_prompt_comes_without_its_fence() -> None:
    assert rewritten("Why me?", "<<<\nHow do I stay safe?\n>>>\n") == "How do I stay safe?"
