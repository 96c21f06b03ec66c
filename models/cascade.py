"""A small classifier first, and a large one where the small one is not sure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from .assessment import Assessed, Assessment, Unjudged
from .classifier import Classifier, callers_of, is_local
from .combine import digest_of, failed, judged, weights_of
from .content import Kind, Part
from .errors import ConfigError

ALONE = ("prompt_attack", "child_safety")
"""Categories that count by themselves in every policy: their grey zone is one too, where the large one covers them."""


class Cascade:
    """`first` judges every part, `then` those whose score lies between `low` and `high`, and what `first` could not.

    The large one's word replaces the small one's, except of what it did not assess. Where it fails, the small one's
    stands and `missed` names it.
    """

    def __init__(self, first: Classifier, then: Classifier, *, low: float, high: float) -> None:
        if not 0.0 <= low <= high <= 1.0:
            raise ConfigError(f"cascade.between must be two numbers from 0 to 1 in order; got {low:g}, {high:g}")
        self.members = (first, then)
        self.local = is_local(first) and is_local(then)
        self._first, self._then = first, then
        self._low, self._high = low, high

    @property
    def name(self) -> str:
        """Both names."""
        return f"{self._first.name}>{self._then.name}"

    @property
    def digest(self) -> str:
        """Changes with either member and with the grey zone."""
        return digest_of(self.members, f"cascade {self._low:g} {self._high:g}")

    @property
    def kinds(self) -> frozenset[Kind]:
        """What either reads."""
        return self._first.kinds | self._then.kinds

    @property
    def covers(self) -> frozenset[str]:
        """What the small one assesses: of most parts it alone is asked."""
        return self._first.covers

    @property
    def callers(self) -> int:
        """As many as the one that waits the most."""
        return max(map(callers_of, self.members))

    @property
    def weights(self) -> Any:
        """The card of the first that has one; AttributeError where neither has."""
        return weights_of(self.members)

    def cost(self, part: Part) -> int:
        """What the small one takes."""
        return self._first.cost(part)

    def assess(self, parts: Sequence[Part]) -> list[Assessment]:
        """One assessment for each part; the large one is asked once, about all parts that need it."""
        answers = judged(self._first, parts)
        unsure = [at for at, answer in enumerate(answers) if self._grey(answer)]
        if unsure:
            second = judged(self._then, [parts[at] for at in unsure])
            for at, answer in zip(unsure, second, strict=True):
                answers[at] = _second(answers[at], answer)
        return answers

    def _grey(self, answer: Assessment) -> bool:
        if isinstance(answer, Unjudged):
            return True
        alone = [answer.categories.get(slug) for slug in ALONE if slug in self._then.covers]
        return any(score is not None and self._low <= score <= self._high for score in (answer.unsafe, *alone))


def _second(first: Assessment, then: Assessment) -> Assessment:
    """The large one's word over the small one's; who failed is named."""
    if isinstance(then, Unjudged):
        if isinstance(first, Assessed) and failed(then):
            return msgspec.structs.replace(first, missed=(*first.missed, then))
        return first
    if isinstance(first, Unjudged):
        return then
    categories = {slug: first.categories.get(slug) if p is None else p for slug, p in then.categories.items()}
    return msgspec.structs.replace(
        then,
        categories=categories,
        sensitive=first.sensitive if then.sensitive is None else then.sensitive,
        refusal=first.refusal if then.refusal is None else then.refusal,
        spans=then.spans or first.spans,
        meaning=first.meaning or then.meaning,
        model="+".join(dict.fromkeys(name for name in (first.model, then.model) if name)),
    )
