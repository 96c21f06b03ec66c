"""LlavaGuard v1.2 0.5B and 7B: an image held against a policy, answered in JSON (arXiv 2406.05113).

The policy beside this file is the one that it was trained on. Its score is the word after `"rating":`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final

from ..assessment import Assessed, Unjudged
from ..content import Image, Part
from ..errors import Unparsable
from .asking import Ask, Reply
from .json_reply import first_object
from .labels import Scores, assessed
from .odds import odds
from .spec import Card, Generative
from .turns import turns

CATEGORIES: Final[Mapping[str, tuple[str, ...]]] = {
    "O1": ("discrimination", "insult"),
    "O2": ("violence", "graphic_content"),
    "O3": ("sexual_content",),
    "O4": ("sexual_content",),
    "O5": ("economic_crime", "cybercrime", "white_collar_crime"),
    "O6": ("weapons", "drugs"),
    "O7": ("self_harm",),
    "O8": ("animal_abuse",),
    "O9": ("graphic_content",),
}
"""The mapping is ours; several categories are candidates of which one is meant."""

COVERS: Final = frozenset(slug for slugs in CATEGORIES.values() for slug in slugs)


@cache
def policy() -> str:
    """The policy that it was trained on."""
    return Path(__file__).with_suffix(".txt").read_text("utf-8")


def asks(part: Part) -> tuple[Ask, ...] | Unjudged:
    """One pass: the image and the policy; a text is none of its business."""
    said = turns(part)
    if isinstance(said, Unjudged):
        return said
    if not isinstance(part, Image):
        return Unjudged(reason="unsupported_kind", detail="LlavaGuard reads images")
    content = [
        {"type": "image_url", "image_url": {"url": said.images[0]}},
        {"type": "text", "text": policy()},
    ]
    messages = ({"role": "user", "content": content},)
    return (Ask(messages=messages, choices=("Safe", "Unsafe"), after='"rating":', max_tokens=384),)


def read(part: Part, asks: Sequence[Ask], replies: Sequence[Reply]) -> Assessed:
    """The rating with its odds, and the one category named."""
    (ask,), (reply,) = asks, replies
    answer = first_object(reply.text)
    rating, category = answer.get("rating"), answer.get("category")
    if rating not in ("Safe", "Unsafe"):
        raise Unparsable("the rating is neither Safe nor Unsafe")
    chances = odds(ask, reply)
    unsafe = chances["Unsafe"] if chances is not None else float(rating == "Unsafe")
    code = re.match(r"O\d", category) if isinstance(category, str) else None
    slugs = CATEGORIES.get(code[0], ()) if code is not None else ()
    if rating == "Safe":
        return assessed(part, Scores(COVERS), unsafe=unsafe)
    scores = Scores(COVERS if slugs else frozenset())
    for slug in slugs:
        scores.add(slug, unsafe)
    scores.ambiguous = len(slugs) > 1
    return assessed(part, scores, unsafe=unsafe)


GUARD = Generative(
    card=Card(
        name="llavaguard",
        checkpoint="AIML-TUDA/LlavaGuard-v1.2-7B-OV-hf",
        sizes="0.5B, 7B",
        licence="weights: not stated",
        kinds=("image",),
        covers=COVERS,
        routes=("openai",),
        judges="images",
    ),
    asks=asks,
    read=read,
)
