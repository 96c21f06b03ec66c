"""A generative guard as a classifier: asks about each part, and the worst reading of a disguised text counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import msgspec

from ..assessment import Assessed, Assessment, Unjudged
from ..content import Kind, Part, Text
from ..errors import NotJudged
from ..merge import worst
from ..normalise import views
from .asking import Ask, Reply
from .labels import Scores, assessed
from .odds import placed
from .spec import Generative, Route
from .turns import MAX_CHARS, well_formed


class Runner(Protocol):
    """Whoever answers asks: a server, or a graph in this process."""

    @property
    def callers(self) -> int:
        """How many may wait for it at once."""
        ...

    @property
    def digest(self) -> str:
        """Changes whenever an answer could."""
        ...

    def answer(self, asks: Sequence[Ask]) -> list[Reply | NotJudged]:
        """A reply to each, or why there is none."""
        ...


class GenerativeJudge:
    """A guard with whoever runs it; blocking, and safe from several threads.

    `callers` says how many threads may wait in `assess` at once: a server answers many, a graph in this process is
    work. A pass that fails leaves its part unjudged.
    """

    def __init__(
        self, guard: Generative, runner: Runner, *, name: str = "", route: Route = "openai", threshold: float = 0.5
    ) -> None:
        self._guard = guard
        self._runner = runner
        self._name = name or guard.card.name
        self._threshold = threshold
        self.local = route == "onnx"
        self._covers = guard.card.covers if route == "openai" else guard.in_process

    @property
    def name(self) -> str:
        """The name of its entry."""
        return self._name

    @property
    def digest(self) -> str:
        """Who answers, the adapter's version and the operating point."""
        return f"{self._runner.digest}.{self._guard.card.version}.{self._threshold:g}"

    @property
    def callers(self) -> int:
        """How many threads may wait in `assess`."""
        return self._runner.callers

    @property
    def kinds(self) -> frozenset[Kind]:
        """What it reads; images by a server alone."""
        return frozenset({"text"} if self.local else self._guard.card.kinds)

    @property
    def covers(self) -> frozenset[str]:
        """The categories that it names; fewer where only a first token is read."""
        return self._covers

    def cost(self, part: Part) -> int:
        """About a token for every four characters, and the prompt around them."""
        return (len(part.text) + len(part.context)) // 4 + 256 if isinstance(part, Text) else 1024

    def assess(self, parts: Sequence[Part]) -> list[Assessment]:
        """One assessment for each part; what a pass or a reply leaves open is unjudged with its reason."""
        readings = [_readings(part) for part in parts]
        asked = [[self._guard.asks(reading) for reading in found] for found in readings]
        wanted = [ask for found in asked for asks in found if not isinstance(asks, Unjudged) for ask in asks]
        replies = iter(self._runner.answer(wanted))
        answers: list[Assessment] = []
        for part, found, many in zip(parts, readings, asked, strict=True):
            each = [self._read(reading, asks, replies) for reading, asks in zip(found, many, strict=True)]
            answers.append(_together(part, each, covers=self._covers, name=self._name))
        return answers

    def _read(self, part: Part, asks: Sequence[Ask] | Unjudged, replies: Iterator[Reply | NotJudged]) -> Assessment:
        if isinstance(asks, Unjudged):
            return asks
        mine = [next(replies) for _ in asks]
        try:
            found = self._guard.read(part, asks, [_there(reply) for reply in mine])
        except NotJudged as error:
            return Unjudged(reason=error.reason, detail=type(error).__name__)
        return _placed(found, threshold=self._threshold)


def _there(reply: Reply | NotJudged) -> Reply:
    if isinstance(reply, NotJudged):
        raise reply
    return reply


def _readings(part: Part) -> list[Part]:
    """A text as it is and as its disguise undone, none for an empty one; anything else as it is."""
    if not isinstance(part, Text) or len(part.text) > MAX_CHARS:
        return [part]
    if not part.text.strip():
        return []
    return [msgspec.structs.replace(part, text=view.text) for view in views(well_formed(part.text))]


def _together(part: Part, found: Sequence[Assessment], *, covers: frozenset[str], name: str) -> Assessment:
    """The worst reading; unjudged where one of them was not, nothing found where there is none to read."""
    if not found:
        return msgspec.structs.replace(assessed(part, Scores(covers), unsafe=0.0), model=name)
    missed = next((one for one in found if isinstance(one, Unjudged)), None)
    if missed is not None:
        return msgspec.structs.replace(missed, model=name)
    return msgspec.structs.replace(worst([one for one in found if isinstance(one, Assessed)]), model=name)


def _placed(found: Assessed, *, threshold: float) -> Assessed:
    if threshold == 0.5:
        return found
    categories = {slug: None if p is None else placed(p, threshold=threshold) for slug, p in found.categories.items()}
    return msgspec.structs.replace(found, unsafe=placed(found.unsafe, threshold=threshold), categories=categories)
