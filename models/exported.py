"""What `headgate export` writes beside a graph: how it is fed, what its columns mean, and how it was compared."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeAlias, TypeVar

import msgspec

from .errors import ModelUnavailable
from .manifest import FileEntry, Scale

Task: TypeAlias = Literal["classification", "first_token"]
Target: TypeAlias = Literal["onnx", "tensorrt", "triton"]
Activation: TypeAlias = Literal["sigmoid", "softmax"]
Tensor: TypeAlias = Literal["int64", "float32"]
Kind = TypeVar("Kind")


class Axes(msgspec.Struct, frozen=True, kw_only=True):
    """One input or output of a graph; a word in `shape` is an axis that may have any size."""

    name: str
    dtype: Tensor
    shape: tuple[int | str, ...]


class Pixels(msgspec.Struct, frozen=True, kw_only=True):
    """How an image becomes `pixel_values` [3, height, width]: (value * rescale - mean) / std, channel by channel.

    With `shortest` its shorter side is scaled to that and the middle of it is cut out; without, all of it is scaled.
    """

    height: int
    width: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    rescale: float = 1 / 255
    resample: str = "bilinear"
    shortest: int = 0


class Tolerance(msgspec.Struct, frozen=True, kw_only=True):
    """What an export may differ by: a logit at most, and the share of probe rows whose decision changes."""

    logits: float
    flips: float


class Parity(msgspec.Struct, frozen=True, kw_only=True):
    """How a graph was compared with its original.

    `worst` and `mean` are absolute differences of logits, `flips` counts the rows of `rows` whose decision at the
    thresholds of `policy` changed, `seen` says what ran: the graph itself, or the graph that an engine was built from.
    """

    against: str
    seen: str
    rows: int
    worst: float
    mean: float
    flips: int
    policy: str


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """Shapes that an engine was tuned for: up to `batch` rows of up to `length` tokens (0 for images)."""

    batch: int
    length: int


class Engine(msgspec.Struct, frozen=True, kw_only=True):
    """Where an engine runs: with which runtime and version, and on which compute capabilities ("8.9")."""

    backend: Literal["tensorrt", "tensorrt_rtx"]
    version: str
    capabilities: tuple[str, ...]
    newer: bool
    platform: str
    profiles: tuple[Profile, ...]


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """The `export` block of a manifest.

    `graph` is the file to load. `answers` maps the words that a first-token graph was asked about to their token ids,
    in the order of its columns. `pad_id` fills rows on the right, up to `max_tokens`. `pixels` is set for images.
    """

    target: Target
    task: Task
    graph: str
    source: str
    opset: int
    inputs: tuple[Axes, ...]
    output: Axes
    activation: Activation
    tolerance: Tolerance
    parity: Parity
    versions: dict[str, str]
    max_tokens: int = 0
    pad_id: int = 0
    answers: dict[str, int] = {}
    pixels: Pixels | None = None
    engine: Engine | None = None


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """The manifest of an exported model: the head that all manifests share, and its `export` block.

    `heads` are the checkpoint's own labels, column by column; what they mean is said by the adapter that reads them.
    """

    format: int
    name: str
    version: str
    modality: str
    architecture: str
    licence: str
    precision: str
    files: dict[str, FileEntry]
    heads: tuple[str, ...]
    calibration: dict[str, Scale]
    export: Export
    created: str = ""
    base: str = ""


class _Maybe(msgspec.Struct, frozen=True):
    """A manifest of which only the question is asked whether it came from an export, and of which kind of model."""

    export: Export | None = None
    window: int | None = None


def read(folder: Path) -> Exported:
    """The manifest of an exported folder; ModelUnavailable says what is missing or malformed."""
    return _decoded(folder, Exported)


def export_of(folder: Path) -> Export | None:
    """How the model of a folder was exported; None where it was not."""
    return _decoded(folder, _Maybe).export


def is_checkpoint(folder: Path) -> bool:
    """Whether a folder holds the export of a Hugging Face checkpoint, which an adapter reads."""
    held = _decoded(folder, _Maybe)
    return held.export is not None and held.window is None


def _decoded(folder: Path, kind: type[Kind]) -> Kind:
    path = folder / "manifest.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except FileNotFoundError as error:
        raise ModelUnavailable(f"no manifest.json in {folder}") from error
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise ModelUnavailable(f"{path}: {error}") from error
