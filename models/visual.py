"""Any exported image classifier of Hugging Face: its labels mapped to categories, and ordinal severity if it has it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from .assessment import DECIMALS, NOT_ASSESSED, Assessed, Assessment, Unjudged, severity_from_cumulative
from .classifier import ask_ready
from .content import Image, Kind, Part
from .errors import ConfigError, ModelUnavailable
from .exported import Activation, Pixels
from .guards.folder import Opened, opened
from .guards.odds import sigmoid, softmax
from .guards.pixels import pixels_of
from .merge import worst
from .place import HERE, Place
from .runtimes import Runtime
from .taxonomy import SLUGS

TOKENS: Final = 197
"""What an image costs: the patches of a picture of 224 pixels."""
HARMLESS: Final = "none"
"""The category of a label that means that nothing is there."""
BATCH: Final = 16

Run: TypeAlias = Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]]
"""Pixels [images, 3, height, width] in, a row for each out."""
Read: TypeAlias = Callable[[npt.NDArray[np.float32]], Assessed]

_LEVELS: Final = ("severity_1", "severity_2", "severity_3")
_KINDS: frozenset[Kind] = frozenset({"image"})


class VisualClassifier:
    """Reads images in batches; one pass of the backbone answers all labels.

    `labels` maps the checkpoint's labels to categories, `none` for those that mean nothing harmful; a label that is
    left out is not assessed. Columns called `severity_1` to `severity_3` are P(severity at least that).
    """

    def __init__(self, model: Opened, *, runtime: Runtime, labels: Mapping[str, str], name: str) -> None:
        frame = model.manifest.export.pixels
        if frame is None:
            raise ModelUnavailable(f"{model.folder}: the manifest does not say how images are prepared")
        self._columns = {head: column for column, head in enumerate(model.manifest.heads)}
        check_labels(labels, name=name)
        unknown = [label for label in labels if label not in self._columns]
        if unknown:
            known = ", ".join(self._columns)
            raise ConfigError(f"models: {name}.labels: no label {unknown[0]!r}; the model has: {known}")
        self._model = model
        self._runtime = runtime
        self.local = runtime.local
        self.callers = runtime.callers
        self._labels = dict(labels)
        self._name = name
        self._frame = frame

    @classmethod
    def load(cls, folder: Path, *, labels: Mapping[str, str], name: str = "", place: Place = HERE) -> VisualClassifier:
        """The classifier of an exported folder; ConfigError for labels that it has not."""
        model = opened(folder, task="classification", name=name or folder.name)
        return cls(model, runtime=model.runtime(place), labels=labels, name=name or folder.name)

    @property
    def name(self) -> str:
        """The name of its entry."""
        return self._name

    @property
    def digest(self) -> str:
        """Weights, manifest and what its labels mean."""
        meant = ",".join(f"{label}={slug}" for label, slug in sorted(self._labels.items()))
        return f"{self._model.digest}.{meant}" if meant else self._model.digest

    @property
    def kinds(self) -> frozenset[Kind]:
        """Images alone."""
        return _KINDS

    @property
    def covers(self) -> frozenset[str]:
        """The categories that its labels mean."""
        return frozenset(self._labels.values()) - {HARMLESS}

    def ready(self) -> None:
        """Raises NotJudged where the server that runs it is not ready, or serves another model."""
        ask_ready(self._runtime)

    def cost(self, part: Part) -> int:
        """A picture's patches."""
        return TOKENS

    def assess(self, parts: Sequence[Part]) -> list[Assessment]:
        """One assessment for each part, in order; raises InferenceFailed where the runtime does."""
        return in_batches(parts, frame=self._frame, run=self._run, read=self._read, name=self._name)

    def _run(self, pixels: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        return self._runtime.feed({"pixel_values": pixels}, rows=len(pixels))

    def _read(self, logits: npt.NDArray[np.float32]) -> Assessed:
        levels = [self._columns[level] for level in _LEVELS if level in self._columns]
        named = [column for column in self._columns.values() if column not in levels]
        activation = self._model.manifest.export.activation
        found = dict(zip(named, activated([float(logits[at]) for at in named], activation), strict=True))
        scores = {label: found[self._columns[label]] for label in self._labels}
        cumulative = [sigmoid(float(logits[at])) for at in levels] if len(levels) == len(_LEVELS) else None
        return assessed(scores, self._labels, activation=activation, cumulative=cumulative, model=self._name)


def check_labels(labels: Mapping[str, str], *, name: str) -> None:
    """ConfigError for labels that mean a category which there is not, or nothing harmful at all."""
    wrong = [slug for slug in labels.values() if slug != HARMLESS and slug not in SLUGS]
    if wrong:
        raise ConfigError(f"models: {name}.labels: no category {wrong[0]!r}; one of: {HARMLESS}, {', '.join(SLUGS)}")
    if not any(slug != HARMLESS for slug in labels.values()):
        raise ConfigError(f"models: {name}.labels: map at least one label to a category")


def activated(logits: Sequence[float], activation: Activation) -> list[float]:
    """Logits as probabilities."""
    return [sigmoid(logit) for logit in logits] if activation == "sigmoid" else softmax(logits)


def assessed(
    scores: Mapping[str, float],
    labels: Mapping[str, str],
    *,
    activation: Activation,
    cumulative: Sequence[float] | None = None,
    model: str,
) -> Assessed:
    """What scores by label mean: exclusive labels of one category add up, independent ones count by the highest."""
    found: dict[str, float] = {}
    for label, score in scores.items():
        slug = labels[label]
        known = found.get(slug, 0.0)
        found[slug] = min(1.0, known + score) if activation == "softmax" else max(known, score)
    harmless = found.pop(HARMLESS, None)
    everything = 1.0 - harmless if activation == "softmax" and harmless is not None else max(found.values())
    severity = None
    if cumulative is not None:
        none, minor, moderate, severe = (round(p, DECIMALS) for p in severity_from_cumulative(cumulative))
        severity = (none, minor, moderate, severe)
    categories = NOT_ASSESSED | {slug: round(score, DECIMALS) for slug, score in found.items()}
    unsafe = round(min(1.0, max(0.0, everything)), DECIMALS)
    return Assessed(unsafe=unsafe, categories=categories, severity=severity, model=model)


def in_batches(parts: Sequence[Part], *, frame: Pixels, run: Run, read: Read, name: str) -> list[Assessment]:
    """Images prepared, run in batches and read, the worst of an image's squares; what cannot be opened is unjudged."""
    answers: dict[int, Assessment] = {}
    ready: list[tuple[int, npt.NDArray[np.float32]]] = []
    for index, part in enumerate(parts):
        found = pixels_of(part, frame) if isinstance(part, Image) else Unjudged(reason="unsupported_kind")
        if isinstance(found, Unjudged):
            answers[index] = Unjudged(reason=found.reason, detail=found.detail, model=name)
        else:
            ready += [(index, square) for square in found]
    seen: dict[int, list[Assessed]] = {}
    for start in range(0, len(ready), BATCH):
        batch = ready[start : start + BATCH]
        for (index, _), row in zip(batch, run(np.stack([pixels for _, pixels in batch])), strict=True):
            seen.setdefault(index, []).append(read(row))
    answers |= {index: worst(squares) for index, squares in seen.items()}
    return [answers[index] for index in range(len(parts))]
