"""The one seam between "what is in it?" and everything else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from .assessment import Assessment
from .content import Kind, Part


@runtime_checkable
class Classifier(Protocol):
    """Judges parts of the kinds it names; blocking, and safe to call from several threads.

    `digest` changes whenever an answer could change. `covers` are the categories that it assesses.
    """

    @property
    def name(self) -> str:
        """A short name for verdicts and metrics."""
        ...

    @property
    def digest(self) -> str:
        """Hex digest of weights, labels and calibration."""
        ...

    @property
    def kinds(self) -> frozenset[Kind]:
        """The kinds of part that it reads."""
        ...

    @property
    def covers(self) -> frozenset[str]:
        """Slugs of the categories that it assesses."""
        ...

    def cost(self, part: Part) -> int:
        """The work in model tokens that the part will take, cheaply estimated."""
        ...

    def assess(self, parts: Sequence[Part]) -> list[Assessment]:
        """One assessment for each part, in order; raises NotJudged where the whole batch failed."""
        ...
