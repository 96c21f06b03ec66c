"""The card beside weights: what they are, what they cover, and the sha256 without which nothing loads."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from .errors import DigestMismatch, ModelUnavailable


class FileEntry(msgspec.Struct, frozen=True):
    """One file of the model: its sha256 in hex and its size in bytes."""

    sha256: str
    bytes: int


class Scale(msgspec.Struct, frozen=True):
    """Platt calibration of one head: p = sigmoid(scale * logit + bias)."""

    scale: float = 1.0
    bias: float = 0.0


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The parsed manifest.json of a text model.

    `heads` names the columns of the output `logits`; `window`, `overlap` and `prompt_tokens` are in tokens;
    `false_alarm` maps a head and a false-alarm rate to the calibrated probability that holds it on validation.
    """

    format: int
    name: str
    version: str
    modality: str
    architecture: str
    licence: str
    precision: str
    files: dict[str, FileEntry]
    window: int
    overlap: int
    prompt_tokens: int
    markers: dict[str, int]
    heads: tuple[str, ...]
    covers: tuple[str, ...]
    calibration: dict[str, Scale]
    threshold: dict[str, float]
    false_alarm: dict[str, dict[str, float]]
    metrics: dict[str, Any] = {}
    created: str = ""
    base: str = ""


class Weights(msgspec.Struct, frozen=True, kw_only=True):
    """A folder of verified files and their manifest; `digest` covers them all."""

    folder: Path
    manifest: Manifest
    digest: str

    def file(self, name: str) -> Path:
        """The path of one of the manifest's files."""
        return self.folder / name


def read(folder: Path) -> Manifest:
    """The manifest of a folder; ModelUnavailable says what is missing or malformed."""
    path = folder / "manifest.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except FileNotFoundError as error:
        raise ModelUnavailable(f"no manifest.json in {folder}") from error
    except msgspec.ValidationError as error:
        raise ModelUnavailable(f"{path}: {error}") from error
    except msgspec.DecodeError as error:
        raise ModelUnavailable(f"{path}: not JSON: {error}") from error


def verify(folder: Path) -> Weights:
    """The folder's weights after every file was hashed; DigestMismatch names the first that differs."""
    manifest = read(folder)
    checked_files(folder, manifest.files)
    return Weights(folder=folder, manifest=manifest, digest=_digest(manifest))


def checked_files(folder: Path, files: Mapping[str, FileEntry]) -> None:
    """Hashes every file; DigestMismatch names the first that differs, ModelUnavailable the first that is missing."""
    for name, entry in files.items():
        path = folder / name
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise ModelUnavailable(f"{folder / 'manifest.json'}: file name {name!r} leaves the folder")
        if not path.is_file():
            raise ModelUnavailable(f"{path} is missing (named in its manifest)")
        found = sha256(path)
        if found != entry.sha256:
            raise DigestMismatch(f"{path}: sha256 is {found[:12]}…, the manifest says {entry.sha256[:12]}…")


def sha256(path: Path) -> str:
    """The sha256 of a file in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest(manifest: Manifest) -> str:
    # Calibration and labels count too: a changed scale changes answers as surely as a changed weight.
    return hashlib.sha256(msgspec.json.encode(manifest, order="sorted")).hexdigest()[:16]
