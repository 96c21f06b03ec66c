"""How a rejected answer is made again. A strategy is a pure function from what was found to what to ask for next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from .best_of_n import best_of_n
from .blind import blind
from .corrector import corrector
from .critique_refine import critique_refine
from .guideline import guideline
from .plan import Plan, Rejected
from .rewrite_prompt import rewrite_prompt

Strategy = Callable[[Rejected], Plan]

STRATEGIES: Mapping[str, Strategy] = MappingProxyType(
    {
        "blind": blind,
        "guideline": guideline,
        "critique_refine": critique_refine,
        "corrector": corrector,
        "best_of_n": best_of_n,
        "rewrite_prompt": rewrite_prompt,
    },
)

__all__ = ["STRATEGIES", "Plan", "Rejected", "Strategy"]
