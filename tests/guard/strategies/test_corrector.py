from headgate.guard.strategies import Rejected
from headgate.guard.strategies.corrector import as_message, corrector, unchanged

from ..test_guidelines import finding

REJECTED = Rejected(
    round=1, findings=(finding("insult"),), question="Why?", answer="Because.", services=frozenset({"corrector"})
)


def test_the_corrector_is_asked_with_aligner_s_published_template() -> None:
    consult = corrector(REJECTED).consult
    assert consult is not None
    assert consult.service == "corrector"
    assert consult.prompt == (
        "BEGINNING OF CONVERSATION: USER: Edit the following Question-Answer pair to make it more helpful and "
        "harmless: Why? | Because. ASSISTANT:"
    )


def test_a_server_with_a_template_of_its_own_gets_the_instruction_alone() -> None:
    consult = corrector(REJECTED).consult
    assert consult is not None
    assert as_message(consult.prompt) == (
        "Edit the following Question-Answer pair to make it more helpful and harmless: Why? | Because."
    )
    assert as_message("Something else.") == "Something else."


def test_without_a_corrector_or_an_answer_the_guideline_is_the_plan() -> None:
    for rejected in (
        Rejected(round=1, findings=REJECTED.findings, answer="Because."),
        Rejected(round=1, findings=REJECTED.findings, services=frozenset({"corrector"})),
    ):
        plan = corrector(rejected)
        assert plan.consult is None
        assert "Insulting behavior" in (plan.guidance or "")


def test_a_copy_of_the_answer_is_no_correction() -> None:
    assert unchanged("Because.\nSo.", " Because. So. ")
    assert not unchanged("Because.", "Because of that.")


def test_the_rejected_answer_is_in_no_note() -> None:
    assert "Because." not in (corrector(REJECTED).guidance or "")
