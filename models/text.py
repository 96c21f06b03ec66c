"""Text parts: every view and every window of a text through the model, and the worst one counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from tokenizers import Tokenizer

from .assessment import NOT_ASSESSED, Assessed, Assessment, Unjudged, severity_from_cumulative
from .calibration import DECIMALS, Array, probabilities, scales
from .classifier import ask_ready
from .content import Direction, Kind, Part, Role, Text, direction_of
from .encoding import PairEncoder, Window
from .errors import InferenceFailed, ModelUnavailable
from .manifest import Weights, verify
from .meaning import TENSOR as MEANING
from .meaning import packed
from .normalise import views
from .place import HERE, Place
from .run_onnx import OnnxRuntime
from .runtimes import Runtime, open_runtime

BATCH_TOKENS = 512
"""Padded tokens of one call of the runtime: on a CPU more gains nothing."""

CALL_TOKENS = 12
"""What a call of the runtime costs whatever is in it, in tokens."""

MAX_WINDOWS = 256
"""Windows of one text (about 36,000 tokens); a longer one is unjudged, never cut."""

CHARS_A_WINDOW = 2048
CONTEXT_CHARS = 4096
"""Characters kept of either end of a context: more than the model's prompt tokens can hold."""

_REQUIRED = ("unsafe", "severity_1", "severity_2", "severity_3", "sensitive", "refusal")
_KINDS: frozenset[Kind] = frozenset({"text"})


class _Row(msgspec.Struct, frozen=True):
    """One window to run, and the part that it came from."""

    part: int
    window: Window


class _Scored(NamedTuple):
    """Scores of rows, and what they are about where that is asked for."""

    scores: dict[int, Array]
    about: dict[int, Array]


class TextClassifier:
    """The embedded text model: blocking, safe to call from several threads, and blind to what shares its batch."""

    def __init__(
        self, weights: Weights, *, encoder: PairEncoder, runtime: Runtime, max_windows: int = MAX_WINDOWS
    ) -> None:
        manifest = weights.manifest
        missing = [head for head in _REQUIRED if head not in manifest.heads]
        missing += [slug for slug in manifest.covers if slug not in manifest.heads]
        if missing:
            raise ModelUnavailable(f"model {manifest.name} has no head for: {', '.join(missing)}")
        self._weights = weights
        self._encoder = encoder
        self._runtime = runtime
        self.local = runtime.local
        self.callers = runtime.callers
        self._meaning = False
        self._max_windows = max_windows
        self._scales = scales(manifest)
        self._column = {head: column for column, head in enumerate(manifest.heads)}
        self._covers = frozenset(manifest.covers)
        self._of_input = _picker(self._column, self._covers)
        # An attack is something that is done to a model, not by it.
        self._of_output = _picker(self._column, self._covers - {"prompt_attack"})

    @classmethod
    def load(
        cls, folder: Path, *, threads: int | None = None, place: Place = HERE, max_windows: int = MAX_WINDOWS
    ) -> TextClassifier:
        """The model of a folder whose every file has the sha256 of its manifest; `threads` go before the place's.

        Raises DigestMismatch where one has not, and ModelUnavailable where a file or onnxruntime is missing.
        """
        weights = verify(folder)
        manifest = weights.manifest
        try:
            tokenizer = Tokenizer.from_file(str(weights.file("tokenizer.json")))
            encoder = PairEncoder(
                tokenizer,
                markers=manifest.markers,
                window=manifest.window,
                overlap=manifest.overlap,
                prompt_tokens=manifest.prompt_tokens,
            )
        except Exception as error:  # tokenizers raises bare Exception
            raise ModelUnavailable(f"{folder}: the tokenizer cannot be used: {error}") from error
        if threads is not None:
            place = msgspec.structs.replace(place, threads=threads)
        runtime = open_runtime(folder, place=place)
        return cls(weights, encoder=encoder, runtime=runtime, max_windows=max_windows)

    @property
    def name(self) -> str:
        """The manifest's name and version."""
        return f"{self._weights.manifest.name}@{self._weights.manifest.version}"

    @property
    def digest(self) -> str:
        """Hex digest of weights, labels and calibration; with `+mean` where it also tells what texts are about."""
        return f"{self._weights.digest}+{MEANING}" if self._meaning else self._weights.digest

    def read_meaning(self) -> bool:
        """Also tell what texts are about, from now on; False where the runtime or its graph does not say."""
        if not self._meaning and isinstance(self._runtime, OnnxRuntime):
            try:
                self._runtime = self._runtime.beside(MEANING)
            except ModelUnavailable:
                return False
            self._meaning = True
        return self._meaning

    @property
    def weights(self) -> Weights:
        """The verified files and their manifest."""
        return self._weights

    @property
    def kinds(self) -> frozenset[Kind]:
        """Text alone."""
        return _KINDS

    @property
    def covers(self) -> frozenset[str]:
        """The categories that training really taught."""
        return self._covers

    def ready(self) -> None:
        """Raises NotJudged where the server that runs it is not ready, or serves another model."""
        ask_ready(self._runtime)

    def cost(self, part: Part) -> int:
        """About a token for every four characters, and the special tokens."""
        return len(part.text) // 4 + 8 if isinstance(part, Text) else 1

    def assess(self, parts: Sequence[Part]) -> list[Assessment]:
        """One assessment for each part, in order; raises InferenceFailed where the runtime does.

        A part that is no text, or longer than `max_windows`, is unjudged; an empty one is judged, with zeros.
        """
        answers: dict[int, Assessment] = {}
        rows: list[_Row] = []
        for index, part in enumerate(parts):
            found = self._rows(index, part)
            if isinstance(found, list):
                rows.extend(found)
            else:
                answers[index] = found
        scores, about = self._score(rows)
        for index, found_at in _by_part(rows).items():
            judged = self._assessed([scores[at] for at in found_at], role=parts[index].role)
            if about:
                meaning = packed(np.array([about[at] for at in found_at], dtype=np.float32), by=self._weights.digest)
                judged = msgspec.structs.replace(judged, meaning=meaning)
            answers[index] = judged
        return [answers[index] for index in range(len(parts))]

    def _rows(self, index: int, part: Part) -> list[_Row] | Assessment:
        if not isinstance(part, Text):
            return Unjudged(reason="unsupported_kind", detail="a text model reads text", model=self.name)
        text = _well_formed(part.text)
        if not text.strip():
            return self._assessed([np.zeros(len(self._column))], role=part.role)
        if len(text) > self._max_windows * CHARS_A_WINDOW:
            return self._too_long()
        rows: list[_Row] = []
        for view in views(text):
            windows = self._windows(part, _well_formed(view.text))
            if len(windows) > self._max_windows:
                return self._too_long()
            rows += [_Row(index, window) for window in windows]
        return rows

    def _windows(self, part: Text, text: str) -> list[Window]:
        match part.role:
            case Role.USER | Role.SYSTEM:
                return self._encoder.encode(text, None, part.purpose)
            case Role.DOCUMENT | Role.TOOL_RESULT:
                return self._encoder.encode(text, None, "text")
            case _:
                return self._encoder.encode(_ends(_well_formed(part.context)), text, "pair")

    def _too_long(self) -> Unjudged:
        return Unjudged(reason="too_long", detail=f"more than {self._max_windows} windows", model=self.name)

    def _score(self, rows: Sequence[_Row]) -> _Scored:
        found = _Scored({}, {})
        runtime = self._runtime
        for batch in _batches(rows, joins=runtime.joins):
            windows = [rows[at].window for at in batch]
            ids, types = [window.ids for window in windows], [window.type_ids for window in windows]
            if isinstance(runtime, OnnxRuntime) and runtime.inner:
                logits, inner = runtime.run_beside(ids, types)
                found.about.update(zip(batch, inner, strict=True))
            else:
                logits = runtime.run(ids, types)
            # One column would stand for all heads below, and all of them could say "safe".
            if logits.shape != (len(batch), len(self._column)):
                raise InferenceFailed(f"{self.name}: not one logit for each of the model's {len(self._column)} heads")
            found.scores.update(zip(batch, probabilities(logits, scales=self._scales), strict=True))
        return found

    def _assessed(self, rows: Sequence[Array], *, role: Role) -> Assessed:
        # Rows are views and windows in order: the worst of each head counts, severity goes with the most unsafe row.
        column = self._column
        first: list[float] = rows[0].tolist()
        worst = severe = first
        if len(rows) > 1:
            scores = np.array(rows)
            worst = scores.max(axis=0).tolist()
            severe = scores[int(scores[:, column["unsafe"]].argmax())].tolist()
        cumulative = [severe[column[level]] for level in ("severity_1", "severity_2", "severity_3")]
        none, minor, moderate, severest = [round(p, DECIMALS) for p in severity_from_cumulative(cumulative)]
        pick = self._of_output if direction_of(role) is Direction.OUTPUT else self._of_input
        return Assessed(
            unsafe=worst[column["unsafe"]],
            categories=dict(zip(NOT_ASSESSED, pick((*worst, None)), strict=True)),
            severity=(none, minor, moderate, severest),
            sensitive=worst[column["sensitive"]],
            refusal=first[column["refusal"]],
            model=self.name,
        )


def _picker(
    column: Mapping[str, int], covers: Set[str]
) -> Callable[[Sequence[float | None]], tuple[float | None, ...]]:
    """Takes the scores of all categories out of those of all heads and a last None, which those not covered have."""
    return itemgetter(*(column[slug] if slug in covers else -1 for slug in NOT_ASSESSED))


def _batches(rows: Sequence[_Row], *, joins: bool) -> Iterator[list[int]]:
    """Indices of rows, shortest first, in batches of at most BATCH_TOKENS padded tokens (or one row).

    A row joins where the padding that it costs the others is less than another call.
    """
    batch: list[int] = []
    before = 0
    for at in sorted(range(len(rows)), key=lambda at: len(rows[at].window.ids)):
        longest = len(rows[at].window.ids)
        full = (len(batch) + 1) * longest > BATCH_TOKENS
        if batch and (not joins or full or len(batch) * (longest - before) > CALL_TOKENS):
            yield batch
            batch = []
        batch.append(at)
        before = longest
    if batch:
        yield batch


def _by_part(rows: Sequence[_Row]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for at, row in enumerate(rows):
        found.setdefault(row.part, []).append(at)
    return found


def _ends(context: str) -> str:
    if len(context) <= 2 * CONTEXT_CHARS:
        return context
    return f"{context[:CONTEXT_CHARS]} {context[-CONTEXT_CHARS:]}"


def _well_formed(text: str) -> str:
    # JSON can carry half a surrogate pair; the tokenizer refuses it, and an exception there would judge nothing.
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
