"""A folder that is there whole or not at all, and the manifest in it."""

from __future__ import annotations

import contextlib
import importlib.metadata
import platform
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from ..models.errors import ConfigError
from ..models.manifest import FileEntry, sha256

MANIFEST = "manifest.json"
_TOLD = ("headgate", "onnx", "onnxruntime", "torch", "transformers", "tokenizers")


@contextlib.contextmanager
def staged(target: Path) -> Iterator[Path]:
    """A folder to fill, which takes the place of `target` when the block ends and is gone when it raises.

    An earlier export there is replaced; ConfigError where `target` holds anything else.
    """
    target = target.absolute()
    _free(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as work:
        folder = Path(work) / "new"
        folder.mkdir()
        yield folder
        if target.exists():
            target.rename(Path(work) / "old")
        folder.rename(target)


def entries(folder: Path) -> dict[str, FileEntry]:
    """sha256 and size of every file in a folder and below, by its path in it; the manifest is left out."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)
    return {
        path.relative_to(folder).as_posix(): FileEntry(sha256=sha256(path), bytes=path.stat().st_size)
        for path in paths
    }  # fmt: skip


def manifest(folder: Path, held: Mapping[str, Any]) -> None:
    """Write the manifest of a folder, with its files; the last thing that is written."""
    made = {**held, "files": entries(folder)}
    text = msgspec.json.format(msgspec.json.encode(made), indent=1)
    (folder / MANIFEST).write_bytes(text + b"\n")


def versions() -> dict[str, str]:
    """Versions of what took part in an export."""
    found = {"python": platform.python_version()}
    for name in _TOLD:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def copy(source: Path, folder: Path) -> None:
    """Copy a file under its own name."""
    shutil.copyfile(source, folder / source.name)


def _free(target: Path) -> None:
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return
    if not target.is_dir() or not (target / MANIFEST).is_file():
        raise ConfigError(f"-o {target}: something else is there; name a folder that is new, empty or an export")
