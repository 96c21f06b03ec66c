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
        """The work in model tokens that the part will take, cheaply estimated; see `is_local` for 0."""
        ...

    def assess(self, parts: Sequence[Part]) -> list[Assessment]:
        """One assessment for each part, in order; raises NotJudged where the whole batch failed."""
        ...


def is_local(classifier: object) -> bool:
    """Whether it has an attribute `local` that is true: it computes in this process and waits for nobody.

    A caller that blocks may then run it in its own thread, and an event loop may where the cost is 0.
    """
    return getattr(classifier, "local", False) is True


def callers_of(classifier: Classifier) -> int:
    """How many threads may wait in its `assess` at once: its attribute `callers`, 1 where it computes or has none."""
    return int(getattr(classifier, "callers", 1))


def patience_of(classifier: Classifier) -> float:
    """The seconds that one call of it may take whatever others are given, its attribute `patience`; 0 if none."""
    return float(getattr(classifier, "patience", 0.0))


def ask_ready(asked: object) -> None:
    """Asks the server that runs a classifier, by its `ready` if it has one; raises NotJudged where that is not fit."""
    ready = getattr(asked, "ready", None)
    if ready is not None:
        ready()


def members_of(classifier: Classifier) -> tuple[Classifier, ...]:
    """The classifiers that it is made of, and theirs; none where it is one alone."""
    own: tuple[Classifier, ...] = tuple(getattr(classifier, "members", ()))
    return (*own, *(inner for member in own for inner in members_of(member)))
