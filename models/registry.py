"""Names of models and the folders behind them."""

from __future__ import annotations

from pathlib import Path

import msgspec

from .classifier import Classifier
from .errors import ModelUnavailable
from .manifest import FileEntry, Manifest, Weights, read
from .manifest import verify as verify_folder
from .place import HERE, Place

DEFAULT = "text"


class ModelInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One model as `headgate models list` shows it; `sha256` and `bytes` are those of model.onnx."""

    name: str
    modality: str
    version: str
    licence: str
    precision: str
    sha256: str
    bytes: int
    folder: Path


def shelf() -> Path:
    """The folder of the models inside the package."""
    return Path(__file__).parent / "weights"


def embedded() -> Path:
    """The folder of the default text model inside the package."""
    return shelf() / DEFAULT


def names() -> list[str]:
    """The names of the embedded models."""
    return sorted(path.parent.name for path in shelf().glob("*/manifest.json"))


def resolve(name_or_folder: str) -> Path:
    """The folder of an embedded model's name, or the folder itself; ModelUnavailable lists the names."""
    folder = shelf() / name_or_folder
    if name_or_folder in names():
        return folder
    if Path(name_or_folder).is_dir():
        return Path(name_or_folder)
    raise ModelUnavailable(
        f"no model {name_or_folder!r}: give a folder with a manifest.json, or one of: {', '.join(names()) or 'none'}"
    )


def load(name_or_folder: str = DEFAULT, *, threads: int | None = None, place: Place = HERE) -> Classifier:
    """The verified classifier of a name or folder, with its graph run here or at the place's server.

    `threads` go before those of the place.

    Raises ModelUnavailable where it is missing, not verified or of a modality that nothing here runs.
    """
    folder = resolve(name_or_folder)
    manifest = read(folder)
    if manifest.modality != "text":
        raise ModelUnavailable(f"model {manifest.name}: nothing here runs modality {manifest.modality!r}")
    from .text import TextClassifier

    return TextClassifier.load(folder, threads=threads, place=place)


def listing() -> list[ModelInfo]:
    """Every embedded model, by name."""
    return [info(shelf() / name) for name in names()]


def info(folder: Path) -> ModelInfo:
    """What the manifest of a folder says; nothing is hashed."""
    manifest = read(folder)
    return ModelInfo(
        name=manifest.name,
        modality=manifest.modality,
        version=manifest.version,
        licence=manifest.licence,
        precision=manifest.precision,
        sha256=_graph(manifest).sha256,
        bytes=_graph(manifest).bytes,
        folder=folder,
    )


def verify(name_or_folder: str) -> Weights:
    """The weights after every file was hashed; DigestMismatch names the first that differs."""
    return verify_folder(resolve(name_or_folder))


def _graph(manifest: Manifest) -> FileEntry:
    if "model.onnx" not in manifest.files:
        raise ModelUnavailable(f"model {manifest.name}: its manifest names no model.onnx")
    return manifest.files["model.onnx"]
