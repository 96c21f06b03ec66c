"""The one fake of the one seam: a classifier that answers from rules, for tests and for trying out a policy."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from .assessment import NOT_ASSESSED, Assessed, Assessment, Unjudged
from .content import Kind, Opaque, Part, Text, kind_of
from .taxonomy import SLUGS

Answer: TypeAlias = Assessed | Unjudged | float | Exception

ALL_KINDS: frozenset[Kind] = frozenset({"text", "image", "video"})


def scores(
    *,
    unsafe: float = 0.0,
    severity: int | None = None,
    categories: Mapping[str, float] | None = None,
    covers: Iterable[str] = SLUGS,
    sensitive: float = 0.0,
    refusal: float = 0.0,
    model: str = "fake",
) -> Assessed:
    """An Assessed with all mass of severity on one level (moderate where unsafe, unless told) and zeros elsewhere."""
    level = severity if severity is not None else (2 if unsafe >= 0.5 else 0)
    found = dict(NOT_ASSESSED) | dict.fromkeys(covers, 0.0) | dict(categories or {})
    one_hot = (float(level == 0), float(level == 1), float(level == 2), float(level == 3))
    return Assessed(
        unsafe=unsafe, categories=found, severity=one_hot, sensitive=sensitive, refusal=refusal, model=model
    )


class FakeClassifier:
    """Answers each part by the first rule whose key is a substring of its text, URL or path; safe where none is.

    A float stands for `scores(unsafe=...)` (NaN included); an exception is raised for the whole batch.
    `delay` is slept in seconds and `before` is called with the parts ahead of every answer: it may block or raise.
    """

    def __init__(
        self,
        rules: Mapping[str, Answer] | None = None,
        *,
        default: Answer = 0.0,
        covers: Iterable[str] = SLUGS,
        kinds: frozenset[Kind] = ALL_KINDS,
        delay: float = 0.0,
        before: Callable[[Sequence[Part]], None] | None = None,
        name: str = "fake",
        digest: str = "fake0000",
    ) -> None:
        self.rules = dict(rules or {})
        self.default = default
        self.delay = delay
        self.before = before
        self.calls = 0
        self.judged: list[Part] = []
        self._covers = frozenset(covers)
        self._kinds = kinds
        self._name = name
        self._digest = digest
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """The name given at construction."""
        return self._name

    @property
    def digest(self) -> str:
        """The digest given at construction."""
        return self._digest

    @property
    def kinds(self) -> frozenset[Kind]:
        """The kinds given at construction."""
        return self._kinds

    @property
    def covers(self) -> frozenset[str]:
        """The slugs given at construction."""
        return self._covers

    def cost(self, part: Part) -> int:
        """A quarter of a text's length; one for anything else."""
        return len(part.text) // 4 + 8 if isinstance(part, Text) else 1

    def assess(self, parts: Sequence[Part]) -> list[Assessment]:
        """Answer by rule, in order; `calls` counts batches and `judged` keeps every part seen."""
        with self._lock:
            self.calls += 1
            self.judged.extend(parts)
        if self.before is not None:
            self.before(parts)
        if self.delay:
            time.sleep(self.delay)
        return [self._answer(part) for part in parts]

    def _answer(self, part: Part) -> Assessment:
        if kind_of(part) not in self._kinds:
            return Unjudged(reason="unsupported_kind", model=self._name)
        words = _words(part)
        answer = next((answer for key, answer in self.rules.items() if key in words), self.default)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, (Assessed, Unjudged)):
            return answer
        return scores(unsafe=answer, covers=self._covers, model=self._name)


def _words(part: Part) -> str:
    match part:
        case Text(text=text):
            return text
        case Opaque(type=type_):
            return type_
        case _:
            return f"{part.url}\n{part.path}\n{part.data.decode('latin-1')}"
