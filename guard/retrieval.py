"""Which guidelines fit a prompt: an interface, and a lexical retriever that needs no model.

A retriever over embeddings plugs in at the same place; the embedded text model gives scores and no embeddings.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import Final, Protocol

from ..policies.compiled import Guideline

LONGEST_QUERY: Final = 8000
"""Characters of a prompt that are looked at: as many from its end as from its start."""

_WORD: Final = re.compile(r"\w+", re.UNICODE)
_SUFFIXES: Final = ("ings", "ing", "ers", "ies", "ed", "es", "s")
_SATURATION: Final = 1.2


class Retriever(Protocol):
    """Scores guidelines for a prompt."""

    def __call__(self, query: str, guidelines: Sequence[Guideline]) -> Sequence[float]:
        """One score for each guideline, in order; 0 where it does not fit at all."""
        ...


def lexical(query: str, guidelines: Sequence[Guideline]) -> tuple[float, ...]:
    """BM25 over the phrases of each guideline: a phrase counts when all its words stand in the query.

    Rare words weigh more, and further phrases of one guideline less and less.
    """
    words = Counter(_stems(_bounded(query)))
    phrases = [[_stems(phrase) for phrase in guideline.when] for guideline in guidelines]
    found = Counter(stem for own in phrases for stem in {stem for phrase in own for stem in phrase})
    return tuple(_score(words, own, found, len(guidelines)) for own in phrases)


def _score(words: Counter[str], phrases: Sequence[Sequence[str]], found: Counter[str], count: int) -> float:
    met = [phrase for phrase in phrases if phrase and all(words[stem] for stem in phrase)]
    weight = sum(_rarity(found[stem], count) for phrase in met for stem in phrase)
    return weight * (_SATURATION + 1) / (weight + _SATURATION) if weight else 0.0


def _rarity(holders: int, count: int) -> float:
    return math.log(1 + (count - holders + 0.5) / (holders + 0.5))


def _stems(text: str) -> list[str]:
    return [_stem(word) for word in _WORD.findall(text.casefold())]


def _stem(word: str) -> str:
    """A word without its commonest English ending: `hacking`, `hacked` and `hacks` are one."""
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            return word.removesuffix(suffix)
    return word


def _bounded(query: str) -> str:
    if len(query) <= LONGEST_QUERY:
        return query
    half = LONGEST_QUERY // 2
    return f"{query[:half]} {query[-half:]}"
