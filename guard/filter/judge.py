"""Judges the rows of many shards with one set of models: duplicates once, like lengths together, all cores busy.

A local model is called in the pool's own threads, each with a chunk of like lengths; what it answers does not depend on
the company of a part. Other models are asked through the guard, which knows their callers.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import msgspec

from ...models.assessment import Assessed, Assessment, checked
from ...models.classifier import Classifier, is_local
from ...models.content import Kind, Part, Text, kind_of
from ...models.errors import InferenceFailed, NotJudged
from ...models.manifest import Weights
from ...policies.thresholds import Rate, resolve, table_of
from ..bulk import Concluded, conclude_many
from ..failure import unjudged
from ..guard import Guard
from ..rows import Exchange
from ..weigh import Rules

CHUNK: Final = 64
"""Parts of like length that one thread takes at a time."""
CHUNK_TOKENS: Final = 4096
"""And about so many tokens: a chunk of long texts must not keep one core at work alone in the end."""


class BulkJudge:
    """A `Judge` of shards over a guard; close() ends its threads and the guard's.

    `default` is the threshold that stands in for the policy's, where `target_fpr` asks for one: a false-alarm rate,
    0..1. ConfigError where the model's card knows none for it.
    """

    def __init__(self, guard: Guard, *, threads: int = 0, target_fpr: float | None = None) -> None:
        self.guard = guard
        self.default = None if target_fpr is None else _at_rate(guard, target_fpr)
        self.threads = threads or len(os.sched_getaffinity(0))
        self._pool = ThreadPoolExecutor(self.threads, thread_name_prefix="headgate-bulk")
        self._local: dict[Kind, Classifier] = {}
        for classifier in guard.judging.classifiers if not guard.judging.fallbacks else ():
            for kind in classifier.kinds if is_local(classifier) else ():
                self._local.setdefault(kind, classifier)

    def __call__(self, rows: Sequence[Exchange], *, threshold: float | None = None) -> list[Concluded]:
        """What the guard says of each row."""
        return conclude_many(rows, self.assess, rules=self.rules(threshold))

    def rules(self, threshold: float | None = None) -> Rules:
        """The guard's rules as of today, with another threshold for what is unsafe at all where one was asked for."""
        default = self.default if threshold is None else threshold
        return self.guard.current if default is None else _with(self.guard.current, default=default)

    def assess(self, parts: Sequence[Part]) -> list[Assessment]:
        """One assessment for each part, in order."""
        found: dict[int, Assessment] = {}
        local = [index for index, part in enumerate(parts) if kind_of(part) in self._local]
        if others := [index for index in range(len(parts)) if kind_of(parts[index]) not in self._local]:
            answers = self.guard.judge([parts[index] for index in others], bulk=True)
            found.update(zip(others, answers, strict=True))
        chunks = _chunks(parts, sorted(local, key=lambda index: -_length(parts[index])))
        for chunk, own in zip(chunks, self._pool.map(lambda one: self._chunk(parts, one), chunks), strict=True):
            found.update(zip(chunk, own, strict=True))
        return [found[index] for index in range(len(parts))]

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(cancel_futures=True)
        self.guard.close()

    def _chunk(self, parts: Sequence[Part], chunk: Sequence[int]) -> list[Assessment]:
        classifier = self._local[kind_of(parts[chunk[0]])]
        return _asked(classifier, [parts[index] for index in chunk])


def _with(rules: Rules, **thresholds: float) -> Rules:
    return msgspec.structs.replace(rules, thresholds=msgspec.structs.replace(rules.thresholds, **thresholds))


def _at_rate(guard: Guard, rate: float) -> float:
    cards = [getattr(one, "weights", None) for one in guard.judging.classifiers if "text" in one.kinds]
    table = next((table_of(card.manifest) for card in cards if isinstance(card, Weights)), None)
    plan = msgspec.structs.replace(guard.policy.thresholds, default=Rate(fpr=rate))
    return resolve(plan, table).default


def _asked(classifier: Classifier, parts: Sequence[Part]) -> list[Assessment]:
    """The answers to a chunk, and part by part where it could not be judged whole."""
    try:
        answers = classifier.assess(parts)
        if len(answers) != len(parts):
            raise InferenceFailed(f"{classifier.name} gave {len(answers)} answers for {len(parts)} parts")
        return [checked(answer) if isinstance(answer, Assessed) else answer for answer in answers]
    except Exception as error:  # noqa: BLE001 - whatever a classifier raises means "not judged"
        if len(parts) == 1:
            failed = error if isinstance(error, NotJudged) else InferenceFailed(type(error).__name__)
            return [unjudged(failed, model=classifier.name)]
    return [answer for part in parts for answer in _asked(classifier, [part])]


def _chunks(parts: Sequence[Part], order: Sequence[int]) -> list[list[int]]:
    """Indices in runs of one kind of part, each of bounded size."""
    chunks: list[list[int]] = []
    tokens = 0
    for index in order:
        cost = _length(parts[index]) // 4 + 8
        full = not chunks or len(chunks[-1]) >= CHUNK or tokens + cost > CHUNK_TOKENS
        if full or kind_of(parts[chunks[-1][0]]) != kind_of(parts[index]):
            chunks.append([])
            tokens = 0
        chunks[-1].append(index)
        tokens += cost
    return chunks


def _length(part: Part) -> int:
    return len(part.text) + len(part.context) if isinstance(part, Text) else 0
