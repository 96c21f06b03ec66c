"""Sends parts to the classifiers that read them, through the memo; never raises for a failed judgement."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from concurrent.futures import Future

import msgspec

from ..models.assessment import Assessed, Assessment, Unjudged
from ..models.classifier import Classifier
from ..models.content import Part, digest, kind_of
from ..models.errors import NotJudged
from ..models.scheduler import Priority, Scheduler
from .failure import unjudged
from .memo import Memo

_NOBODY = {
    "image": "no visual classifier is configured",
    "video": "no visual classifier is configured",
    "text": "no text classifier is configured",
    "opaque": "no classifier reads this kind of content",
}


class _Asked(msgspec.Struct):
    """One request to one classifier: the keys of its parts and the answer to come."""

    classifier: str
    keys: list[str]
    future: Future[list[Assessment]]


class Judging:
    """Classifiers with their schedulers and one memo; shared by every caller of a process.

    `timeout` is in seconds and bounds one call of `judge`; what was not judged by then is `Unjudged`.
    """

    def __init__(
        self,
        classifiers: Sequence[Classifier],
        *,
        workers: int = 0,
        timeout: float = 10.0,
        memo: Memo | None = None,
        key: bytes = b"",
    ) -> None:
        count = workers or len(os.sched_getaffinity(0))
        self.classifiers = tuple(classifiers)
        self.memo = memo if memo is not None else Memo()
        self.schedulers = tuple(Scheduler(classifier, workers=count) for classifier in self.classifiers)
        self._timeout = timeout
        self._key = key or os.urandom(32)

    @property
    def digests(self) -> tuple[str, ...]:
        """`name@digest` of every classifier, for verdicts."""
        return tuple(f"{classifier.name}@{classifier.digest}" for classifier in self.classifiers)

    def judge(self, parts: Sequence[Part], *, urgent: bool = False, bulk: bool = False) -> tuple[Assessment, ...]:
        """One assessment for each part, blocking."""
        found, keys, asked = self._ask(parts, _priority(urgent=urgent, bulk=bulk))
        deadline = time.monotonic() + self._timeout
        for request in asked:
            try:
                answers = request.future.result(timeout=max(0.0, deadline - time.monotonic()))
                self._keep(found, request, answers)
            except Exception as error:  # noqa: BLE001 - whatever a classifier raises means "not judged"
                self._miss(found, request, error)
        return tuple(found[key] for key in keys)

    async def ajudge(self, parts: Sequence[Part], *, urgent: bool = False) -> tuple[Assessment, ...]:
        """One assessment for each part; inference runs off the event loop."""
        if self.memo.shared and not urgent:
            await self.memo.fetch([self._key_of(part, self._reader(part)) for part in parts])
        found, keys, asked = self._ask(parts, _priority(urgent=urgent, bulk=False))
        deadline = time.monotonic() + self._timeout
        for request in asked:
            try:
                async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
                    answers = await asyncio.wrap_future(request.future)
                self._keep(found, request, answers)
            except Exception as error:  # noqa: BLE001 - whatever a classifier raises means "not judged"
                self._miss(found, request, error)
        return tuple(found[key] for key in keys)

    def close(self) -> None:
        """Ends the worker threads; what waits fails as not judged."""
        for scheduler in self.schedulers:
            scheduler.close()

    def _ask(self, parts: Sequence[Part], priority: Priority) -> tuple[dict[str, Assessment], list[str], list[_Asked]]:
        """What the memo knows, the key of each part, and one request per classifier for the rest."""
        found: dict[str, Assessment] = {}
        keys: list[str] = []
        wanted: dict[int, dict[str, Part]] = {}
        for part in parts:
            index = self._reader(part)
            key = self._key_of(part, index)
            keys.append(key)
            if key in found or (index is not None and key in wanted.get(index, ())):
                continue
            if index is None:
                kind = kind_of(part)
                found[key] = Unjudged(reason="no_classifier", detail=_NOBODY[kind])
            elif (known := self.memo.get(key)) is not None:
                found[key] = known
            else:
                wanted.setdefault(index, {})[key] = part
        return found, keys, [self._submit(index, missing, priority) for index, missing in wanted.items()]

    def _key_of(self, part: Part, index: int | None) -> str:
        """The part's keyed digest with its reader's; never the policy, which may change without a new judgement."""
        key = digest(part, key=self._key)
        return key if index is None else f"{key}:{self.classifiers[index].digest}"

    def _submit(self, index: int, missing: dict[str, Part], priority: Priority) -> _Asked:
        name = self.classifiers[index].name
        try:
            future = self.schedulers[index].submit(
                list(missing.values()), priority=priority, deadline=time.monotonic() + self._timeout
            )
        except NotJudged as error:
            future = Future()
            future.set_exception(error)
        return _Asked(classifier=name, keys=list(missing), future=future)

    def _reader(self, part: Part) -> int | None:
        kind = kind_of(part)
        return next((i for i, classifier in enumerate(self.classifiers) if kind in classifier.kinds), None)

    def _keep(self, found: dict[str, Assessment], request: _Asked, answers: Sequence[Assessment]) -> None:
        for key, answer in zip(request.keys, answers, strict=True):
            found[key] = answer
            if isinstance(answer, Assessed):
                self.memo.put(key, answer)

    def _miss(self, found: dict[str, Assessment], request: _Asked, error: BaseException) -> None:
        request.future.cancel()
        missed = unjudged(error, model=request.classifier)
        found.update(dict.fromkeys(request.keys, missed))


def _priority(*, urgent: bool, bulk: bool) -> Priority:
    if urgent:
        return Priority.STREAM
    return Priority.BULK if bulk else Priority.REQUEST
