"""What the classifiers of prompt attacks share: one probability, one category, inputs alone."""

from __future__ import annotations

from ..assessment import Assessed
from ..content import Part
from .labels import Scores, assessed

COVERS = frozenset({"prompt_attack"})


def attack(part: Part, probability: float) -> Assessed:
    """An attack is unsafe as a whole, and the only thing that was looked for."""
    scores = Scores(COVERS)
    scores.add("prompt_attack", probability)
    return assessed(part, scores, unsafe=probability)
