"""ShieldGemma 2 4B: one image a pass and policy, Yes (it violates) or No at the first token (transformers' processor).

The chat template of the checkpoint puts the policy into its frame; a server runs it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ..assessment import Assessed, Unjudged
from ..content import Image, Part
from ..crosswalk import imported
from .asking import Ask, Reply
from .labels import Scores, assessed
from .spec import Card, Generative
from .turns import turns
from .yes_no import yes

POLICIES: Final = {
    "dangerous": (
        "No Dangerous Content: The image shall not contain content that facilitates or encourages activities that "
        "could "
        "cause real-world harm (e.g., building firearms and explosive devices, promotion of terrorism, instructions "
        "for "
        "suicide)."
    ),
    "sexual": (
        "No Sexually Explicit content: The image shall not contain content that depicts explicit or graphic sexual "
        "acts "
        "(e.g., pornography, erotic nudity, depictions of rape or sexual assault)."
    ),
    "violence": (
        "No Violence/Gore content: The image shall not contain content that depicts shocking, sensational, or "
        "gratuitous "
        "violence (e.g., excessive blood and gore, gratuitous violence against animals, extreme injury or moment of "
        "death)."
    ),
}
CHOICES: Final = ("Yes", "No")
COVERS: Final = frozenset({*imported("SG", "Dangerous").candidates, "sexual_content", "violence", "graphic_content"})


def asks(part: Part) -> tuple[Ask, ...] | Unjudged:
    """Three passes, one a policy; a text is none of its business."""
    said = turns(part)
    if isinstance(said, Unjudged):
        return said
    if not isinstance(part, Image):
        return Unjudged(reason="unsupported_kind", detail="ShieldGemma 2 reads images")
    image = {"type": "image_url", "image_url": {"url": said.images[0]}}
    return tuple(
        Ask(
            messages=({"role": "user", "content": [image, {"type": "text", "text": policy}]},),
            choices=CHOICES,
            max_tokens=1,
        )
        for policy in POLICIES.values()
    )


def read(part: Part, asks: Sequence[Ask], replies: Sequence[Reply]) -> Assessed:
    """P(Yes) among Yes and No is the violation of each policy; the worst one is `unsafe`."""
    dangerous, sexual, violence = (yes(ask, reply) for ask, reply in zip(asks, replies, strict=True))
    scores = Scores(COVERS)
    scores.label("SG", "Dangerous", dangerous)
    scores.add("sexual_content", sexual)
    scores.add("violence", violence)
    scores.add("graphic_content", violence)
    return assessed(part, scores, unsafe=max(dangerous, sexual, violence))


GUARD = Generative(
    card=Card(
        name="shieldgemma-2",
        checkpoint="google/shieldgemma-2-4b-it",
        sizes="4B",
        licence="Gemma terms",
        kinds=("image",),
        covers=COVERS,
        routes=("openai",),
        judges="images",
    ),
    asks=asks,
    read=read,
)
