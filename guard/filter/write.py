"""The files of a run and its checkpoint: killed at any moment and resumed, the rows are those of an undisturbed run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

import msgspec

from ...models.errors import ConfigError
from .read import Position
from .report import Counts, Run
from .sort import BINS, Bin

CHECKPOINT: Final = "checkpoint.json"
REPORT: Final = "report.json"


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """What is safely on disk: all lines up to `position`, in files of these sizes in bytes."""

    run: Run
    position: Position = Position()
    sizes: dict[str, int] = msgspec.field(default_factory=lambda: dict.fromkeys(BINS, 0))
    counts: Counts = msgspec.field(default_factory=Counts)


class Writer:
    """Appends rows to the four files of a folder, starting where the checkpoint ends.

    What an interrupted run wrote after its checkpoint is cut off and written again.
    """

    def __init__(self, folder: Path, start: Checkpoint) -> None:
        self.folder = folder
        self._files: dict[Bin, BinaryIO] = {}
        for bin in BINS:
            file = path_of(folder, bin).open("ab")
            file.truncate(start.sizes[bin])
            file.seek(0, os.SEEK_END)
            self._files[bin] = file

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for file in self._files.values():
            file.close()

    def write(self, bin: Bin, line: bytes) -> None:
        """Append one line to a file."""
        self._files[bin].write(line)

    def commit(self, run: Run, position: Position, counts: Counts) -> None:
        """Bring everything written so far to disk, then the checkpoint that says so."""
        sizes: dict[str, int] = {}
        for bin, file in self._files.items():
            file.flush()
            os.fsync(file.fileno())
            sizes[bin] = file.tell()
        mark = Checkpoint(run=run, position=position, sizes=sizes, counts=counts)
        replace(self.folder / CHECKPOINT, msgspec.json.encode(mark))


def path_of(folder: Path, bin: Bin) -> Path:
    """The file of a bin."""
    return folder / f"{bin}.jsonl"


def begin(folder: Path, run: Run, *, resume: bool, force: bool) -> Checkpoint:
    """Where to start: at the folder's checkpoint if it is to be resumed and of the same run, else anew.

    ConfigError where the folder holds rows that would be lost or mixed with those of another policy or model.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = None if force else _read(folder / CHECKPOINT)
    if found is None:
        held = [path_of(folder, bin).name for bin in BINS if path_of(folder, bin).exists()]
        if held and not force:
            raise ConfigError(f"{folder} already holds {held[0]}: choose another folder, or --force to write it anew")
        # Before the first row, so that files without a checkpoint are never ours to cut.
        found = Checkpoint(run=run)
        replace(folder / CHECKPOINT, msgspec.json.encode(found))
        return found
    if not resume:
        raise ConfigError(f"{folder} holds a run already: --resume goes on with it, --force starts anew")
    if changed := differences(found.run, run):
        raise ConfigError(f"{folder} cannot be resumed: changed since: {', '.join(changed)} (--force starts anew)")
    _check_sizes(folder, found.sizes)
    return found


def differences(before: Run, after: Run) -> list[str]:
    """The names of what differs between two runs."""
    return [name for name in before.__struct_fields__ if getattr(before, name) != getattr(after, name)]


def replace(path: Path, data: bytes) -> None:
    """Write a small file so that a reader finds the old or the new one, never half of it."""
    draft = path.with_name(path.name + ".new")
    with draft.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _read(path: Path) -> Checkpoint | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Checkpoint)
    except FileNotFoundError:
        return None
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise ConfigError(f"{path} is no checkpoint of this version (--force starts anew): {error}") from error


def _check_sizes(folder: Path, sizes: Mapping[str, int]) -> None:
    for bin in BINS:
        path = path_of(folder, bin)
        size = path.stat().st_size if path.exists() else 0
        if size < sizes[bin]:
            raise ConfigError(f"{path} is shorter than its checkpoint says: it was changed (--force starts anew)")
