"""The usage of Anthropic's answers: counts of tokens, of all rounds together, for that is what was billed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from .anthropic_answer import Answer
from .openai_chat_whole import summed

NOTHING: Final = {"input_tokens": 0, "output_tokens": 0}
_WORDS: Final = ("service_tier", "speed", "inference_geo")


def usage_of(answers: Iterable[Answer]) -> dict[str, Any] | None:
    """The usage of all rounds; what upstream did not say of one is estimated at four characters a token, and marked."""
    return summed(_of_one(answer) for answer in answers)


def counts(usage: dict[str, Any]) -> dict[str, Any]:
    """What of a usage object is a count or a known word: nobody judged anything else in it."""
    kept: dict[str, Any] = {}
    for key, value in usage.items():
        if isinstance(value, dict):
            kept[key] = counts(value)
        elif isinstance(value, (int, float)) or (key in _WORDS and isinstance(value, str) and value.isidentifier()):
            kept[key] = value
    return kept


def _of_one(answer: Answer) -> dict[str, Any]:
    told = counts(answer.usage)
    if answer.counted and answer.tokens is not None:
        return {"input_tokens": 0, **told}
    guess = {"input_tokens": -(-answer.asked // 4), **told, "output_tokens": -(-answer.said // 4)}
    return {**guess, "estimated": True}
