"""Sends parts to the classifiers that read them, through the memo; never raises for a failed judgement."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

import msgspec

from ..models.assessment import Assessed, Assessment, Unjudged
from ..models.classifier import Classifier, callers_of, members_of, patience_of
from ..models.combine import failed
from ..models.content import Kind, Part, Text, digests, kind_of
from ..models.scheduler import Priority, Scheduler
from .aside import aside
from .failure import unjudged
from .memo import Memo

BIG = 1 << 17
"""Characters, contexts included, from which on digests are made off the event loop: a million take milliseconds."""
MANY = 512
"""Parts of which the answers are kept off the event loop."""
FULL_SHARE = 0.75
"""What the classifiers in charge get of the time where stand-ins come after them; those share the rest."""

_NOBODY: dict[Kind, str] = {
    "image": "no visual classifier is configured",
    "video": "no visual classifier is configured",
    "text": "no text classifier is configured",
    "opaque": "no classifier reads this kind of content",
}


class _Rung(msgspec.Struct, frozen=True, kw_only=True):
    """A classifier's scheduler, how long it may take in seconds, and its name where it only stands in."""

    scheduler: Scheduler
    seconds: float
    name: str = ""

    @property
    def classifier(self) -> Classifier:
        return self.scheduler.classifier


class _Wanted(msgspec.Struct):
    """The parts that one classifier is asked about by their keys, and the first failure on the way down the ladder."""

    charge: Classifier
    left: dict[str, Part]
    error: BaseException | None = None

    def mine(self, rung: _Rung) -> dict[str, Part]:
        """What of it a rung can read."""
        if not rung.name:
            return self.left
        kinds = rung.classifier.kinds
        return {key: part for key, part in self.left.items() if kind_of(part) in kinds}


class _Look(msgspec.Struct):
    """What is known of some parts: the key of each, assessments by key, and what classifiers are to be asked about."""

    keys: list[str]
    found: dict[str, Assessment]
    wanted: dict[int, _Wanted]

    def answer(self) -> tuple[Assessment, ...]:
        return tuple([self.found[key] for key in self.keys])


class Judging:
    """Classifiers with their schedulers and one memo; shared by every caller of a process.

    The first classifier that reads a kind is in charge of it. Where it fails, `fallbacks` stand in for it in order, and
    the assessment says which; what none of them judged is `Unjudged`. `timeout` is in seconds and bounds one call.
    """

    def __init__(
        self,
        classifiers: Sequence[Classifier],
        *,
        fallbacks: Sequence[Classifier] = (),
        workers: int = 0,
        timeout: float = 10.0,
        memo: Memo | None = None,
        key: bytes = b"",
    ) -> None:
        count = workers or len(os.sched_getaffinity(0))
        self.classifiers = tuple(classifiers)
        self.fallbacks = tuple(fallbacks)
        self.memo = memo if memo is not None else Memo()
        every = (*self.classifiers, *self.fallbacks)
        self.schedulers = tuple(
            Scheduler(classifier, workers=max(count, callers_of(classifier))) for classifier in every
        )
        self._rungs = _ladders(self.schedulers, len(self.classifiers), timeout)
        self._readers = _readers(self.classifiers)
        self._digests: tuple[str, ...] = ()
        self._ended: dict[Kind, str] = {}
        self._tells = False
        self._key = key or os.urandom(32)

    @property
    def digests(self) -> tuple[str, ...]:
        """`name@digest` of every classifier, for verdicts."""
        every = (*self.classifiers, *self.fallbacks)
        return tuple(f"{classifier.name}@{classifier.digest}" for classifier in chain(every, *map(members_of, every)))

    def judge(self, parts: Sequence[Part], *, urgent: bool = False, bulk: bool = False) -> tuple[Assessment, ...]:
        """One assessment for each part, blocking."""
        look, priority = self._look(parts), _priority(urgent=urgent, bulk=bulk)
        for index, wanted in look.wanted.items():
            for rung in self._rungs[index]:
                if mine := wanted.mine(rung):
                    try:
                        answers = rung.scheduler.assess(list(mine.values()), priority=priority, timeout=rung.seconds)
                    except Exception as error:  # noqa: BLE001 - whatever a classifier raises means "not judged"
                        wanted.error = wanted.error or error
                    else:
                        self._keep(look, wanted, mine, answers, rung)
            _miss(look, wanted)
        return look.answer()

    async def ajudge(self, parts: Sequence[Part], *, urgent: bool = False) -> tuple[Assessment, ...]:
        """One assessment for each part; inference runs off the event loop."""
        big = sum([len(part.text) + len(part.context) for part in parts if isinstance(part, Text)]) > BIG
        keys = None
        if self.memo.shared and not urgent:
            keys = await aside("compute", self._keys, parts) if big else self._keys(parts)
            await self.memo.fetch(self._shareable(keys, parts))
        look = await aside("compute", self._look, parts, keys) if big else self._look(parts, keys)
        if look.wanted:
            priority = _priority(urgent=urgent, bulk=False)
            first, *others = [self._descend(look, index, wanted, priority) for index, wanted in look.wanted.items()]
            await (asyncio.gather(first, *others) if others else first)
        return look.answer()

    def close(self) -> None:
        """Ends the worker threads; what waits fails as not judged."""
        for scheduler in self.schedulers:
            scheduler.close()

    async def _descend(self, look: _Look, index: int, wanted: _Wanted, priority: Priority) -> None:
        """Asks the classifier in charge, and those that stand in for it about what is left."""
        for rung in self._rungs[index]:
            if mine := wanted.mine(rung):
                try:
                    answers = await rung.scheduler.aassess(list(mine.values()), priority=priority, timeout=rung.seconds)
                except Exception as error:  # noqa: BLE001 - whatever a classifier raises means "not judged"
                    wanted.error = wanted.error or error
                else:
                    if len(mine) > MANY:
                        await aside("compute", self._keep, look, wanted, mine, answers, rung)
                    else:
                        self._keep(look, wanted, mine, answers, rung)
        _miss(look, wanted)

    def _look(self, parts: Sequence[Part], keys: list[str] | None = None) -> _Look:
        """What the memo knows, the key of each part, and what is to be asked for the rest."""
        look = _Look(self._keys(parts) if keys is None else keys, {}, {})
        look.found |= self.memo.find(look.keys)
        if len(look.found) < len(look.keys):
            self._want(look, parts)
        return look

    def _want(self, look: _Look, parts: Sequence[Part]) -> None:
        """Notes for each classifier what it is to be asked; each part once."""
        found, wanted = look.found, look.wanted
        for key, part in zip(look.keys, parts, strict=True):
            if key in found:
                continue
            index = self._readers.get(kind_of(part))
            if index is None:
                found[key] = Unjudged(reason="no_classifier", detail=_NOBODY[kind_of(part)])
            elif index in wanted:
                wanted[index].left.setdefault(key, part)
            else:
                wanted[index] = _Wanted(self.classifiers[index], {key: part})

    def _keys(self, parts: Sequence[Part]) -> list[str]:
        """Each part's keyed digest with its reader's; never the policy, which may change without a new judgement."""
        ends = self._ends()
        return [found + ends[kind_of(part)] for found, part in zip(digests(parts, key=self._key), parts, strict=True)]

    def _shareable(self, keys: Sequence[str], parts: Sequence[Part]) -> Sequence[str]:
        """The keys that others may know of: not of texts where it is told what they are about, which is not shared."""
        if not self._tells:
            return keys
        return [key for key, part in zip(keys, parts, strict=True) if not isinstance(part, Text)]

    def _ends(self) -> Mapping[Kind, str]:
        """What the keys of each kind end in; a reader's digest changes when it is told to tell more."""
        digests = tuple([one.digest for one in self.classifiers])
        if digests != self._digests:
            read: dict[Kind, str] = {kind: f":{digests[index]}" for kind, index in self._readers.items()}
            nobody: dict[Kind, str] = dict.fromkeys(_NOBODY, "")
            self._ended, self._digests = nobody | read, digests
            reader = self._readers.get("text")
            self._tells = reader is not None and _tells(self.classifiers[reader])
        return self._ended

    def _keep(
        self, look: _Look, wanted: _Wanted, mine: dict[str, Part], answers: Sequence[Assessment], rung: _Rung
    ) -> None:
        found, kept = look.found, {}
        for key, answer in zip(mine, answers, strict=True):
            if rung.name and isinstance(answer, Assessed):
                # What stood in is not remembered: the next time the classifier in charge may have room. What a text is
                # about is told in each model's own numbers, and lines were drawn in those of the one in charge.
                found[key] = msgspec.structs.replace(answer, rung=rung.name, meaning=b"")
                continue
            found[key] = answer
            if isinstance(answer, Assessed) and not (answer.missed and any(map(failed, answer.missed))):
                kept[key] = answer
        self.memo.put_all(kept)
        wanted.left = {} if mine is wanted.left else {k: part for k, part in wanted.left.items() if k not in mine}


def _ladders(schedulers: Sequence[Scheduler], charged: int, timeout: float) -> tuple[tuple[_Rung, ...], ...]:
    """For each classifier in charge its own rung and those below it; all together take at most `timeout` seconds.

    One that needs longer by its nature, as for a video, is given its own time.
    """
    below = schedulers[charged:]
    first = timeout * FULL_SHARE if below else timeout
    rest = (timeout - first) / len(below) if below else 0.0
    lower = tuple(_Rung(scheduler=one, seconds=rest, name=one.classifier.name) for one in below)
    return tuple(
        (_Rung(scheduler=one, seconds=max(first, patience_of(one.classifier))), *lower) for one in schedulers[:charged]
    )


def _readers(classifiers: Iterable[Classifier]) -> dict[Kind, int]:
    """The kinds that are read, and the first classifier that reads each."""
    found: dict[Kind, int] = {}
    for index, classifier in enumerate(classifiers):
        for kind in classifier.kinds:
            found.setdefault(kind, index)
    return found


def _tells(classifier: Classifier) -> bool:
    """Whether its assessments hold what texts are about: digests say so (see `TextClassifier.digest`)."""
    return any(one.digest.endswith("+mean") for one in (classifier, *members_of(classifier)))


def _miss(look: _Look, wanted: _Wanted) -> None:
    if wanted.left and wanted.error is not None:
        missed = unjudged(wanted.error, model=wanted.charge.name)
        look.found.update(dict.fromkeys(wanted.left, missed))


def _priority(*, urgent: bool, bulk: bool) -> Priority:
    if urgent:
        return Priority.STREAM
    return Priority.BULK if bulk else Priority.REQUEST
