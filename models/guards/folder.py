"""A guard's exported folder, opened when every file in it is the one that its manifest names."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import msgspec
from tokenizers import Tokenizer

from ..errors import ModelUnavailable
from ..exported import Exported, Task, read
from ..manifest import checked_files
from ..place import Place
from ..runtimes import Runtime, open_runtime


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """The folder, its manifest and the digest of both."""

    folder: Path
    manifest: Exported
    digest: str

    def runtime(self, place: Place) -> Runtime:
        """What runs it: a graph or an engine in this process, or the server that serves it."""
        return open_runtime(self.folder, place=place)

    def tokenizer(self) -> Tokenizer:
        """Its tokenizer, with no cutting and no padding of its own."""
        path = self.folder / "tokenizer.json"
        if "tokenizer.json" not in self.manifest.files:
            raise ModelUnavailable(f"{self.folder}: the manifest names no tokenizer.json")
        try:
            tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:  # tokenizers raises bare Exception
            raise ModelUnavailable(f"{path}: the tokenizer cannot be used: {error}") from error
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer


def opened(folder: Path, *, task: Task, name: str) -> Opened:
    """The folder for a guard `name`; ModelUnavailable where it is missing, differs or was exported for another task."""
    manifest = read(folder)
    if manifest.export.task != task:
        raise ModelUnavailable(
            f"{folder} was exported for {manifest.export.task}, and {name} needs {task}: export its own checkpoint"
        )
    checked_files(folder, manifest.files)
    digest = hashlib.sha256(msgspec.json.encode(manifest, order="sorted")).hexdigest()[:16]
    return Opened(folder=folder, manifest=manifest, digest=digest)


def columns(found: Sequence[str], wanted: Sequence[str], *, name: str) -> list[int]:
    """Where each label that an adapter reads stands among a graph's heads, by name whatever the case.

    Heads that have no names of their own (`LABEL_0`) stand in the published order. ModelUnavailable for any others.
    """
    places = {head.lower(): place for place, head in enumerate(found)}
    if all(label.lower() in places for label in wanted):
        return [places[label.lower()] for label in wanted]
    nameless = all(head.lower() == f"label_{place}" for place, head in enumerate(found))
    if nameless and len(found) == len(wanted):
        return list(range(len(wanted)))
    raise ModelUnavailable(f"{name} has the labels {', '.join(wanted)}; the folder's are {', '.join(found) or 'none'}")
