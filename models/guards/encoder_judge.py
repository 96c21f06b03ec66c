"""A guard with a classification head, run in this process."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from ..assessment import Assessed, Assessment, Unjudged
from ..classifier import ask_ready
from ..content import Image, Kind, Part, Text
from ..errors import ModelUnavailable
from ..normalise import views
from ..place import HERE, Place
from ..runtimes import Runtime
from .folder import Opened, columns, opened
from .odds import placed, sigmoid, softmax
from .pixels import pixels_of
from .spec import Encoder
from .turns import well_formed
from .windows import Windows

BATCH_TOKENS: Final = 512
MAX_WINDOWS: Final = 256
"""Windows of one text; a longer one is unjudged, never cut."""
_CHARS_A_TOKEN: Final = 12


class _Row(msgspec.Struct, frozen=True):
    part: int
    ids: list[int]


class EncoderJudge:
    """A classifier over an exported folder; every view and window of a text is read, and the worst one counts."""

    def __init__(self, guard: Encoder, model: Opened, *, name: str, runtime: Runtime, threshold: float) -> None:
        self._guard = guard
        self._model = model
        self._name = name
        self._runtime = runtime
        self.local = runtime.local
        self.callers = runtime.callers
        self._threshold = threshold
        self._columns = columns(model.manifest.heads, guard.labels, name=guard.card.name)
        self._windows = None if "text" not in guard.card.kinds else _windows(guard, model)

    @classmethod
    def load(
        cls, guard: Encoder, folder: Path, *, name: str = "", place: Place = HERE, threshold: float | None = None
    ) -> EncoderJudge:
        """The guard of an exported folder; ModelUnavailable where it is none of this checkpoint."""
        model = opened(folder, task="classification", name=guard.card.name)
        runtime = model.runtime(place)
        at = guard.threshold if threshold is None else threshold
        return cls(guard, model, name=name or guard.card.name, runtime=runtime, threshold=at)

    @property
    def name(self) -> str:
        """The name of its entry."""
        return self._name

    @property
    def digest(self) -> str:
        """Weights, manifest, the adapter's version and its operating point."""
        return f"{self._model.digest}.{self._guard.card.version}.{self._threshold:g}"

    @property
    def kinds(self) -> frozenset[Kind]:
        """Texts or images."""
        return frozenset(self._guard.card.kinds)

    @property
    def covers(self) -> frozenset[str]:
        """The categories that its labels can speak of."""
        return self._guard.card.covers

    def ready(self) -> None:
        """Raises NotJudged where the server that runs it is not ready, or serves another model."""
        ask_ready(self._runtime)

    def cost(self, part: Part) -> int:
        """About a token for every four characters; one window's worth for an image."""
        return (len(part.text) + len(part.context)) // 4 + 8 if isinstance(part, Text) else 197

    def assess(self, parts: Sequence[Part]) -> list[Assessment]:
        """One assessment for each part; raises InferenceFailed where the runtime does."""
        answers: dict[int, Assessment] = {}
        rows: list[_Row] = []
        for index, part in enumerate(parts):
            found = self._guard.aside(part) or self._rows(index, part)
            if isinstance(found, Unjudged):
                answers[index] = msgspec.structs.replace(found, model=self._name)
            elif isinstance(found, dict):
                answers[index] = self._read(part, found)
            else:
                rows += found
        for index, scores in self._scores(rows).items():
            answers[index] = self._read(parts[index], self._by_label(scores))
        return [answers[index] for index in range(len(parts))]

    def _rows(self, index: int, part: Part) -> list[_Row] | dict[str, float] | Unjudged:
        if isinstance(part, Image):
            return self._seen(part)
        if not isinstance(part, Text) or self._windows is None:
            return Unjudged(reason="unsupported_kind")
        text = well_formed(part.text)
        if not text.strip():
            return self._nothing()
        if len(text) > MAX_WINDOWS * self._guard.window * _CHARS_A_TOKEN:
            return _too_long()
        before = self._guard.before(part)
        rows = []
        for view in views(text):
            found = self._windows.of(before, well_formed(view.text), self._guard.after)
            if found is None or len(found) > MAX_WINDOWS:
                return _too_long()
            rows += [_Row(index, ids) for ids in found]
        return rows

    def _seen(self, part: Image) -> dict[str, float] | Unjudged:
        frame = self._model.manifest.export.pixels
        if frame is None:
            raise ModelUnavailable(f"{self._model.folder}: the manifest does not say how images are prepared")
        array = pixels_of(part, frame)
        if isinstance(array, Unjudged):
            return array
        logits = self._runtime.feed({"pixel_values": array}, rows=len(array))
        found = [self._probabilities(square) for square in logits]
        worst: list[float] = functools.reduce(self._worse, found)
        return self._by_label(worst)

    def _nothing(self) -> dict[str, float]:
        # An empty text: nothing is there to be found, whatever a model says of no words.
        return dict.fromkeys(self._guard.labels, 0.0)

    def _scores(self, rows: Sequence[_Row]) -> dict[int, list[float]]:
        found: dict[int, list[float]] = {}
        for batch in _batches(rows, joins=self._guard.joins):
            ids = [row.ids for row in batch]
            logits = self._runtime.run(ids, [[0] * len(row) for row in ids])
            for row, values in zip(batch, logits, strict=True):
                probabilities = self._probabilities(values)
                known = found.get(row.part)
                # The worst window by the label that weighs most; each label's worst where labels are independent.
                found[row.part] = probabilities if known is None else self._worse(known, probabilities)
        return found

    def _worse(self, one: list[float], other: list[float]) -> list[float]:
        if self._guard.activation == "sigmoid":
            return [max(pair) for pair in zip(one, other, strict=True)]
        return max(one, other, key=lambda found: found[-1])

    def _probabilities(self, values: npt.NDArray[np.float32]) -> list[float]:
        logits = [float(values[column]) for column in self._columns]
        found = [sigmoid(logit) for logit in logits] if self._guard.activation == "sigmoid" else softmax(logits)
        return [placed(p, threshold=self._threshold) for p in found]

    def _by_label(self, found: Sequence[float]) -> dict[str, float]:
        return dict(zip(self._guard.labels, found, strict=True))

    def _read(self, part: Part, found: Mapping[str, float]) -> Assessed:
        return msgspec.structs.replace(self._guard.read(part, found), model=self._name)


def _windows(guard: Encoder, model: Opened) -> Windows:
    longest = model.manifest.export.max_tokens or guard.window
    return Windows(model.tokenizer(), length=min(longest, guard.window))


def _too_long() -> Unjudged:
    return Unjudged(reason="too_long", detail=f"more than {MAX_WINDOWS} windows")


def _batches(rows: Sequence[_Row], *, joins: bool) -> Iterator[list[_Row]]:
    """Rows, shortest first, at most BATCH_TOKENS padded tokens at a time."""
    batch: list[_Row] = []
    for row in sorted(rows, key=lambda row: len(row.ids)):
        if batch and (not joins or (len(batch) + 1) * len(row.ids) > BATCH_TOKENS):
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch
