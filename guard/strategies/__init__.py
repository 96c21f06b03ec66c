"""How a rejected answer is made again. A strategy is a pure function from what was found to what to ask for next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from .best_of_n import best_of_n
from .blind import blind
from .guideline import guideline
from .plan import Plan, Rejected

Strategy = Callable[[Rejected], Plan]

STRATEGIES: Mapping[str, Strategy] = MappingProxyType(
    {"blind": blind, "guideline": guideline, "best_of_n": best_of_n},
)

__all__ = ["STRATEGIES", "Plan", "Rejected", "Strategy"]
