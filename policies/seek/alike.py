"""Texts that are like examples: the cosine of their words and letter groups, without a model.

It knows words and their parts, not meanings: a paraphrase that shares no word with an example is not found.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final, TypeAlias

Profile: TypeAlias = Mapping[str, float]
"""Features of a text with their weights, of length one."""

LONGEST: Final = 4000
"""Characters of a text that are compared: as many from its start as from its end."""

_WORD: Final = re.compile(r"\w+")
_GROUP: Final = 4


class Alike:
    """Examples of one category and of what it is not."""

    def __init__(self, examples: Sequence[str], counterexamples: Sequence[str] = ()) -> None:
        self._near = [profile(text) for text in examples]
        self._far = [profile(text) for text in counterexamples]

    def score(self, text: str) -> float:
        """The similarity to the nearest example, 0..1; 0 where a counterexample is nearer still."""
        mine = profile(text)
        near = max((cosine(mine, other) for other in self._near), default=0.0)
        far = max((cosine(mine, other) for other in self._far), default=0.0)
        return round(near, 4) if near > far else 0.0


def profile(text: str) -> Profile:
    """Words, pairs of words and groups of four letters, weighed by the logarithm of their number."""
    half = LONGEST // 2
    bounded = text if len(text) <= LONGEST else f"{text[:half]} {text[-half:]}"
    words = _WORD.findall(bounded.casefold())
    counts = Counter(words)
    counts.update(f"{one} {two}" for one, two in pairwise(words))
    padded = f" {' '.join(words)} "
    counts.update(f"#{padded[at : at + _GROUP]}" for at in range(len(padded) - _GROUP + 1))
    weights = {feature: 1.0 + math.log(count) for feature, count in counts.items()}
    length = math.sqrt(sum(weight * weight for weight in weights.values()))
    return {feature: weight / length for feature, weight in weights.items()}


def cosine(one: Profile, two: Profile) -> float:
    """The cosine of two profiles, 0..1."""
    small, large = (one, two) if len(one) <= len(two) else (two, one)
    return min(1.0, sum(weight * large.get(feature, 0.0) for feature, weight in small.items()))
