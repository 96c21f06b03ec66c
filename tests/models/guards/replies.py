"""Replies and parts that tests of adapters share."""

from __future__ import annotations

import math
from collections.abc import Mapping

from headgate.models.assessment import Assessed
from headgate.models.content import Image, Part, Role, Text
from headgate.models.guards.asking import Ask, Reply, Token
from headgate.models.guards.spec import Generative

PROMPT = Text(text="How warm is tea?")
ANSWER = Text(text="Quite warm.", role=Role.ASSISTANT, context="How warm is tea?")
PICTURE = Image(data=b"\x89PNG\r\n\x1a\n")


def text(reply: str) -> Reply:
    """A reply of which the text alone is known."""
    return Reply(text=reply)


def tokens(*said: str, odds: Mapping[int, Mapping[str, float]] | None = None) -> Reply:
    """A reply with its tokens, certain except where `odds` says what else stood at a place."""
    every = [(odds or {}).get(place, {word: 1.0}) for place, word in enumerate(said)]
    made = tuple(
        Token(word, {other: math.log(p) for other, p in top.items()}) for word, top in zip(said, every, strict=True)
    )
    return Reply(text="".join(said), tokens=made)


def read(guard: Generative, part: Part, *replies: Reply) -> Assessed:
    """What the guard makes of replies; one stands for as many passes as it asks."""
    asks = asks_of(guard, part)
    return guard.read(part, asks, replies * len(asks) if len(replies) == 1 else replies)


def asks_of(guard: Generative, part: Part) -> tuple[Ask, ...]:
    """The passes about a part; fails where there are none."""
    asks = guard.asks(part)
    assert isinstance(asks, tuple)
    return asks


def found(assessed: Assessed) -> dict[str, float]:
    """The categories that were found, with their scores."""
    return {slug: score for slug, score in assessed.categories.items() if score}


def unknown(assessed: Assessed) -> set[str]:
    """The categories that were not assessed."""
    return {slug for slug, score in assessed.categories.items() if score is None}
