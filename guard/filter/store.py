"""The folder of a run: its manifest, the pieces of its shards, and the markers of those that are done.

A piece counts once its marker is there, so that a run may be killed at any moment: what has no marker is made again.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from ...models.errors import ConfigError, HeadgateError
from .formats.pieces import settle
from .report import Counts, Run

MANIFEST: Final = "manifest.json"
REPORT: Final = "report.json"
SHARDS: Final = ".shards"

MIXABLE: Final = frozenset({"policy", "policy_hash", "mode", "models"})
"""What may differ between the halves of a run when somebody says so."""


class Halted(HeadgateError):
    """A run ended before its input did; everything that was done is kept, and --resume goes on."""


@contextmanager
def writing(place: Path) -> Iterator[None]:
    """What cannot be written, on a full disk or for another reason, ends the run with Halted."""
    try:
        yield
    except OSError as error:
        raise Halted(f"{place}: {error.strerror or error}; mend that and go on with --resume") from error


class Key(msgspec.Struct, frozen=True, order=True):
    """A shard's place: block number `block` of input number `file`."""

    file: int
    block: int

    @property
    def name(self) -> str:
        """What its files begin with; sorts as the places do."""
        return f"{self.file:05d}-{self.block:07d}"


class Marker(msgspec.Struct, frozen=True, kw_only=True):
    """Says that a shard is done: its counts, and its pieces' names and sizes by the output that they belong to.

    `cut` means that --limit ended in it, so that a longer run makes it again. `offset` is how far in its file it ends.
    """

    key: Key
    counts: Counts
    pieces: dict[str, tuple[str, int]]
    offset: int = 0
    cut: bool = False


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What makes the run reproducible; `mixed` are earlier policies and models whose rows are in the same folder.

    `files` maps each output to its size and sha256 in the end.
    """

    run: Run
    software: dict[str, str]
    command: tuple[str, ...] = ()
    mixed: tuple[Run, ...] = ()
    complete: bool = False
    files: dict[str, dict[str, Any]] = {}


def replace(path: Path, data: bytes) -> None:
    """Write a small file so that a reader finds the old or the new one, never half of it."""
    # Two processes may write one marker after a kill; both write the same, neither the other's half.
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    with draft.open("wb") as file:
        file.write(data)
        settle(file)
    draft.replace(path)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Put the manifest in its place."""
    replace(folder / MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n")


def mark(folder: Path, marker: Marker) -> None:
    """Say that a shard is done; its pieces must be settled before."""
    replace(folder / SHARDS / f"{marker.key.name}.done", msgspec.json.encode(marker))


def done(folder: Path) -> dict[Key, Marker]:
    """The shards that are done, in order; whatever else lies among them is removed."""
    found: dict[Key, Marker] = {}
    place = folder / SHARDS
    for path in sorted(place.glob("*.done")):
        try:
            marker = msgspec.json.decode(path.read_bytes(), type=Marker)
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            raise ConfigError(f"{path} is no marker of this version (--force starts anew): {error}") from error
        for name, size in marker.pieces.values():
            piece = place / name
            if not piece.exists() or piece.stat().st_size != size:
                raise ConfigError(f"{piece} is not as its marker says: it was changed (--force starts anew)")
        found[marker.key] = marker
    held = {name for marker in found.values() for name, _ in marker.pieces.values()}
    for path in place.iterdir():
        if path.suffix != ".done" and path.name not in held:
            path.unlink()
    return found


def begin(
    folder: Path, manifest: Manifest, *, held: Iterable[str], resume: bool, force: bool, mix: bool = False
) -> Manifest:
    """The manifest to go on with: the folder's own if it is to be resumed and of the same run, else this one.

    `held` are the names of outputs; ConfigError where the folder holds rows that would be lost or mixed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = None if force else _read(folder / MANIFEST)
    if found is None:
        lost = sorted(path.name for stem in held for path in folder.glob(f"{stem}.*"))
        if lost and not force:
            raise ConfigError(f"{folder} already holds {lost[0]}: choose another folder, or --force to write it anew")
        _clear(folder, held if force else ())
    else:
        if not resume:
            raise ConfigError(f"{folder} holds a run already: --resume goes on with it, --force starts anew")
        manifest = _goes_on(folder, found, manifest, mix=mix)
    (folder / SHARDS).mkdir(exist_ok=True)
    write_manifest(folder, manifest)
    return manifest


def begin_scratch(folder: Path) -> None:
    """A folder that nobody goes on with."""
    (folder / SHARDS).mkdir(parents=True)


def differences(before: Run, after: Run) -> list[str]:
    """The names of what differs between two runs."""
    return [name for name in before.__struct_fields__ if getattr(before, name) != getattr(after, name)]


def clear_shards(folder: Path) -> None:
    """Remove pieces and markers: all rows are in the outputs."""
    shutil.rmtree(folder / SHARDS, ignore_errors=True)


def _goes_on(folder: Path, found: Manifest, manifest: Manifest, *, mix: bool) -> Manifest:
    changed = differences(found.run, manifest.run)
    if not changed:
        return msgspec.structs.replace(found, software=manifest.software, command=manifest.command)
    said = ", ".join(changed)
    if not mix or set(changed) - MIXABLE:
        hint = "--force starts anew" + ("" if set(changed) - MIXABLE else ", --mix goes on with both")
        raise ConfigError(f"{folder} cannot be resumed: changed since: {said} ({hint})")
    return msgspec.structs.replace(manifest, mixed=(*found.mixed, found.run))


def _clear(folder: Path, held: Iterable[str]) -> None:
    clear_shards(folder)
    for path in (path for stem in held for path in folder.glob(f"{stem}.*")):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _read(path: Path) -> Manifest | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except FileNotFoundError:
        return None
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise ConfigError(f"{path} is no manifest of this version (--force starts anew): {error}") from error


def pieces_of(folder: Path, markers: Mapping[Key, Marker], output: str) -> list[Path]:
    """The pieces of one output, in order."""
    own = [markers[key].pieces.get(output) for key in sorted(markers)]
    return [folder / SHARDS / piece[0] for piece in own if piece is not None]
