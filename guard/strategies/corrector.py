"""A corrector rewrites the rejected answer: Aligner (arXiv 2402.02416), with its published template."""

from __future__ import annotations

from typing import Final

from ..effects import Consult
from .guideline import guideline
from .plan import Plan, Rejected

_INSTRUCTION: Final = "Edit the following Question-Answer pair to make it more helpful and harmless: "
_OPENING: Final = "BEGINNING OF CONVERSATION: USER: "
_CLOSING: Final = " ASSISTANT:"


def corrector(rejected: Rejected) -> Plan:
    """The corrector's text as the next answer, judged like any other; the guideline plan where there is no corrector.

    The guideline goes along, for the draw that follows where the corrector cannot be reached or changes nothing.
    """
    plan = guideline(rejected)
    if "corrector" not in rejected.services or not rejected.answer:
        return plan
    return Plan(guidance=plan.guidance, consult=correction(rejected.question, rejected.answer))


def correction(question: str, answer: str, *, max_tokens: int = 2048) -> Consult:
    """What an Aligner is asked about a question and its answer."""
    prompt = f"{_OPENING}{_INSTRUCTION}{question} | {answer}{_CLOSING}"
    return Consult(service="corrector", prompt=prompt, max_tokens=max_tokens)


def unchanged(answer: str, corrected: str) -> bool:
    """Whether the corrector found nothing to change: it was trained to copy good answers, and may copy a bad one."""
    return answer.split() == corrected.split()


def as_message(prompt: str) -> str:
    """The prompt for a server that adds the markers of a conversation itself."""
    return prompt.removeprefix(_OPENING).removesuffix(_CLOSING)
