"""What can be exported: one face for the embedded text model and for Hugging Face checkpoints."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec

from ..models import registry
from ..models.errors import ConfigError
from ..models.exported import Activation, Axes, Export, Pixels, Task, Tolerance
from .onnx import Feeds, Run
from .parity import Judgement
from .spec import Precision


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a model before anything of it is written."""

    name: str
    version: str
    architecture: str
    licence: str
    modality: str
    task: Task
    source: str
    against: str
    heads: tuple[str, ...]
    activation: Activation
    inputs: tuple[Axes, ...]
    output: Axes
    max_tokens: int = 0
    pad_id: int = 0
    answers: dict[str, int] = {}
    pixels: Pixels | None = None


class Source(Protocol):
    """A model that can write its float32 graph, be run as it is, and tell its decisions from a graph's logits."""

    @property
    def subject(self) -> Subject:
        """What the model is."""
        ...

    def tolerance(self, precision: Precision) -> Tolerance:
        """What an export of it may differ by."""
        ...

    def original(self) -> Run:
        """The model as it is, to compare with."""
        ...

    def write(self, path: Path) -> None:
        """Write its float32 graph in ONNX's own operators."""
        ...

    def judge(self, run: Run) -> Judgement:
        """Run the probe rows through a graph and decide on them."""
        ...

    def feeds(self) -> Sequence[Feeds]:
        """The probe rows as batches."""
        ...

    def beside(self, folder: Path) -> None:
        """Write what a graph needs beside it: the tokenizer."""
        ...

    def shipped(self, precision: Precision) -> Path | None:
        """A finished graph for CPUs in that precision, where the model came with one."""
        ...

    def card(self, export: Export, precision: Precision) -> dict[str, Any]:
        """The manifest of an export."""
        ...


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller says about the model that is to be exported, beside its name."""

    policy: str = "default"
    probe: Path | None = None
    rows: int = 96
    answers: tuple[str, ...] = ()
    activation: Activation | None = None
    revision: str | None = None


def open_source(model: str, asked: Asked) -> Source:
    """The model of a name, a folder with a manifest.json or config.json, or a Hugging Face id.

    Raises ConfigError where it is none of these, ModelUnavailable where a file of it is not what it should be.
    """
    folder = Path(model)
    if model in {info.name for info in registry.listing()} or (folder / "manifest.json").is_file():
        from .embedded import Embedded

        return Embedded.open(registry.resolve(model), asked)
    if (folder / "config.json").is_file():
        from .checkpoint import Checkpoint

        return Checkpoint.open(folder, asked, source=folder.resolve().name)
    if folder.exists():
        raise ConfigError(f"{model}: holds neither a manifest.json nor the config.json of a Hugging Face checkpoint")
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", model):
        names = ", ".join(info.name for info in registry.listing())
        raise ConfigError(f"no model {model!r}: give one of {names}, a folder, or a Hugging Face id as owner/name")
    from .checkpoint import Checkpoint, fetch

    return Checkpoint.open(fetch(model, revision=asked.revision), asked, source=model)
