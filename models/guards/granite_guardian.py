"""Granite Guardian 3.0 to 3.2: Yes or No to one risk a pass, chosen by the chat template's own argument.

The softmax over Yes and No at the first token, as its cookbooks do (ibm-granite/granite-guardian, arXiv 2412.07724);
3.2 goes on with a `<confidence>`. Its server must apply the checkpoint's chat template.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ..assessment import Assessed, Unjudged
from ..content import Direction, Part, direction_of
from ..crosswalk import covered
from .asking import Ask, Reply
from .labels import Scores, assessed
from .spec import Card, Generative
from .turns import Turns, turns
from .yes_no import yes

RISKS: Final = ("harm", "social_bias", "profanity", "sexual_content", "unethical_behavior", "violence", "jailbreak")
"""Risk names of the chat template, and labels of the crosswalk; jailbreak is asked of prompts alone."""

COVERS: Final = covered("GRANITE")
CHOICES: Final = ("Yes", "No")


def risks(part: Part) -> tuple[str, ...]:
    """The risks that a part is asked about."""
    return RISKS[:-1] if direction_of(part.role) is Direction.OUTPUT else RISKS


def asks(part: Part) -> tuple[Ask, ...] | Unjudged:
    """One pass a risk."""
    said = turns(part)
    return said if isinstance(said, Unjudged) else tuple(_ask(said, risk) for risk in risks(part))


def read(part: Part, asks: Sequence[Ask], replies: Sequence[Reply]) -> Assessed:
    """P(Yes) of each risk; the worst one is `unsafe`."""
    scores = Scores(COVERS)
    found = [yes(ask, reply) for ask, reply in zip(asks, replies, strict=True)]
    for risk, score in zip(risks(part), found, strict=True):
        scores.label("GRANITE", risk, score)
    return assessed(part, scores, unsafe=max(found))


def _ask(said: Turns, risk: str) -> Ask:
    template = {"guardian_config": {"risk_name": risk}}
    return Ask(messages=said.messages, template=template, choices=CHOICES, max_tokens=20)


GUARD = Generative(
    card=Card(
        name="granite-guardian",
        checkpoint="ibm-granite/granite-guardian-3.2-5b",
        sizes="2B, 3B-A800M, 5B, 8B",
        licence="Apache-2.0",
        kinds=("text",),
        covers=COVERS,
        routes=("openai",),
    ),
    asks=asks,
    read=read,
)
