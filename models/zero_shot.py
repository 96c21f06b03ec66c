"""Zero-shot image classifiers, SigLIP (arXiv 2303.15343) and CLIP: what a picture shows, by texts that say it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from .assemble import ZERO_SHOT
from .assessment import Assessed, Assessment
from .content import Kind, Part
from .errors import ModelUnavailable
from .exported import Activation, Pixels
from .manifest import FileEntry, checked_files
from .run_onnx import OnnxRuntime
from .visual import TOKENS, activated, assessed, check_labels, in_batches

MANIFEST: Final = ZERO_SHOT
_KINDS: frozenset[Kind] = frozenset({"image"})

Vectors = npt.NDArray[np.float32]


class ZeroShotCard(msgspec.Struct, frozen=True, kw_only=True):
    """What stands beside the two graphs: how pictures and texts are fed, and how their likeness becomes a logit.

    A logit is cosine * `scale` + `bias`. SigLIP's labels are independent (sigmoid), CLIP's are not (softmax).
    `length` is that to which texts are padded with `pad_id`.
    """

    name: str
    source: str
    licence: str
    files: dict[str, FileEntry]
    pixels: Pixels
    activation: Activation
    scale: float
    bias: float
    length: int
    pad_id: int


class ZeroShot:
    """Reads images by labels; `labels` maps texts ("a photo of a gun") to categories, `none` for the harmless ones.

    The texts are embedded once, when it is made: then an image costs one pass of the backbone, whatever the labels.
    """

    local: Final = True

    def __init__(self, folder: Path, card: ZeroShotCard, *, labels: Mapping[str, str], name: str, threads: int) -> None:
        check_labels(labels, name=name)
        self._folder = folder
        self._card = card
        self._labels = dict(labels)
        self._name = name
        self._threads = threads
        self._eyes = OnnxRuntime(folder / "image.onnx", threads=threads)
        self._texts = TextVectors(folder, card, threads=threads).of(list(labels))
        sums = msgspec.json.encode([card, sorted(labels.items())], order="sorted")
        self._digest = hashlib.sha256(sums).hexdigest()[:16]

    @classmethod
    def load(cls, folder: Path, *, labels: Mapping[str, str], name: str = "", threads: int = 1) -> ZeroShot:
        """The classifier of a folder that `export.zero_shot` wrote, after every file was hashed."""
        card = card_of(folder)
        checked_files(folder, card.files)
        return cls(folder, card, labels=labels, name=name or card.name, threads=threads)

    def with_labels(self, labels: Mapping[str, str]) -> ZeroShot:
        """The same for other texts."""
        return ZeroShot(self._folder, self._card, labels=labels, name=self._name, threads=self._threads)

    @property
    def name(self) -> str:
        """The name of its entry."""
        return self._name

    @property
    def digest(self) -> str:
        """Weights, labels and what they mean."""
        return self._digest

    @property
    def kinds(self) -> frozenset[Kind]:
        """Images alone."""
        return _KINDS

    @property
    def covers(self) -> frozenset[str]:
        """The categories that its labels mean."""
        return frozenset(self._labels.values()) - {"none"}

    def cost(self, part: Part) -> int:
        """A picture's patches."""
        return TOKENS

    def assess(self, parts: Sequence[Part]) -> list[Assessment]:
        """One assessment for each part, in order; raises InferenceFailed where the runtime does."""
        return in_batches(parts, frame=self._card.pixels, run=self._run, read=self._read, name=self._name)

    def _run(self, pixels: Vectors) -> Vectors:
        seen = unit(self._eyes.feed({"pixel_values": pixels}, rows=len(pixels)))
        return np.asarray(seen @ self._texts.T * self._card.scale + self._card.bias, dtype=np.float32)

    def _read(self, logits: Vectors) -> Assessed:
        scores = dict(zip(self._labels, activated([float(at) for at in logits], self._card.activation), strict=True))
        return assessed(scores, self._labels, activation=self._card.activation, model=self._name)


def card_of(folder: Path) -> ZeroShotCard:
    """What the folder says of itself; ModelUnavailable where it is missing or malformed."""
    path = folder / MANIFEST
    try:
        return msgspec.json.decode(path.read_bytes(), type=ZeroShotCard)
    except FileNotFoundError as error:
        raise ModelUnavailable(f"no {MANIFEST} in {folder}") from error
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise ModelUnavailable(f"{path}: {error}") from error


def unit(vectors: Vectors) -> Vectors:
    """Rows of length one."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12), dtype=np.float32)


class TextVectors:
    """Texts to vectors of length one, by the checkpoint's own text encoder; a longer text is cut at its length."""

    def __init__(self, folder: Path, card: ZeroShotCard, *, threads: int = 1) -> None:
        try:
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:  # tokenizers raises bare Exception
            raise ModelUnavailable(f"{folder}: the tokenizer cannot be used: {error}") from error
        self._tokenizer.enable_truncation(card.length)
        self._tokenizer.enable_padding(length=card.length, pad_id=card.pad_id)
        self._runtime = OnnxRuntime(folder / "text.onnx", threads=threads)

    def of(self, texts: Sequence[str]) -> Vectors:
        """The vectors [texts, D]."""
        rows = self._tokenizer.encode_batch(list(texts))
        ids = np.array([row.ids for row in rows], dtype=np.int64)
        mask = np.array([row.attention_mask for row in rows], dtype=np.int64)
        return unit(self._runtime.feed({"input_ids": ids, "attention_mask": mask}, rows=len(rows)))
