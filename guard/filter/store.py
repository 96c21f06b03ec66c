"""The folder of a run: its manifest, the pieces of its shards, and the markers of those that are done.

A piece counts once its marker is there, so that a run may be killed at any moment: what has no marker is made again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from ...models.errors import ConfigError
from .place import Local, Place, place_of
from .report import Counts, Run

MANIFEST: Final = "manifest.json"
REPORT: Final = "report.json"
SHARDS: Final = ".shards"
ANSWERS: Final = ".answers"
"""The ending of what an upstream answered to a shard that is not over."""

_LOST: Final = (
    f"holds shards and no {MANIFEST}: rename the newest {MANIFEST}.*.new in it to {MANIFEST} and --resume, "
    "or --force to start anew"
)

MIXABLE: Final = frozenset({"policy", "policy_hash", "mode", "models", "upstream"})
"""What may differ between the halves of a run when somebody says so."""


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

    @property
    def over(self) -> bool:
        """Whether the shard stays as it is: --limit did not end in it, and no row waits for its upstream."""
        return not self.cut and not self.counts.waiting


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What makes the run reproducible.

    `mixed` are earlier policies, models and upstreams whose rows are in the same folder. `files` maps each output to
    its size and sha256 in the end.
    """

    run: Run
    software: dict[str, str]
    command: tuple[str, ...] = ()
    mixed: tuple[Run, ...] = ()
    complete: bool = False
    files: dict[str, dict[str, Any]] = {}


def write_manifest(folder: Path | Place, manifest: Manifest) -> None:
    """Put the manifest in its place."""
    place_of(folder).put(MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n")


def mark(folder: Path | Place, marker: Marker) -> None:
    """Say that a shard is done; its pieces must be there before."""
    place_of(folder).put(f"{SHARDS}/{marker.key.name}.done", msgspec.json.encode(marker))


def done(folder: Path | Place) -> dict[Key, Marker]:
    """The shards that are done, in order; whatever else lies among them is removed, except for paid answers."""
    place = place_of(folder)
    found: dict[Key, Marker] = {}
    sizes = place.sizes(SHARDS)
    for name in sorted(one for one in sizes if one.endswith(".done")):
        try:
            marker = msgspec.json.decode(place.get(f"{SHARDS}/{name}") or b"", type=Marker)
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            raise ConfigError(f"{place}/{SHARDS}/{name} is no marker of this version (--force starts anew)") from error
        for piece, size in marker.pieces.values():
            # One that is made anew may have been left half made.
            if marker.over and sizes.get(piece) != size:
                raise ConfigError(f"{place}/{SHARDS}/{piece} is not as its marker says (--force starts anew)")
        found[marker.key] = marker
    held = {name for marker in found.values() for name, _ in marker.pieces.values()}
    for name in sizes:
        if not name.endswith((".done", ANSWERS)) and name not in held:
            place.remove(f"{SHARDS}/{name}")
    return found


def begin(
    folder: Path | Place,
    manifest: Manifest,
    *,
    held: Iterable[str],
    resume: bool,
    force: bool,
    mix: bool = False,
) -> Manifest:
    """The manifest to go on with: the folder's own if it is to be resumed and of the same run, else this one.

    `held` are the names of outputs; ConfigError where the folder holds rows or shards that would be lost or mixed.
    """
    place = place_of(folder)
    if isinstance(place, Local):
        place.folder.mkdir(parents=True, exist_ok=True)
    found = None if force else _read(place)
    if found is None:
        if not force and any(not name.endswith(".new") for name in place.sizes(SHARDS)):
            raise ConfigError(f"{place} {_LOST}")
        lost = sorted(name for name in place.sizes() if name.partition(".")[0] in set(held))
        if lost and not force:
            raise ConfigError(f"{place} already holds {lost[0]}: choose another folder, or --force to write it anew")
        clear_shards(place)
        for name in lost:
            place.remove(name)
    else:
        if not resume:
            raise ConfigError(f"{place} holds a run already: --resume goes on with it, --force starts anew")
        manifest = _goes_on(place, found, manifest, mix=mix)
    if isinstance(place, Local):
        begin_scratch(place.folder)
    write_manifest(place, manifest)
    return manifest


def check_sources(folder: Path | Place, names: Iterable[str], *, held: Iterable[str]) -> None:
    """ConfigError where what is to be read stands in the folder under a name that a run writes or removes.

    So is a folder that is the run's own, or holds it: what was written would be read the next time.
    """
    place = place_of(folder)
    stems = {*held, MANIFEST.partition(".")[0], REPORT.partition(".")[0]}
    for name in names:
        if place.within(name):
            raise ConfigError(f"{name} holds what this run writes ({place}): write to a folder beside it")
        if any(inner == SHARDS or inner.partition(".")[0] in stems for inner in place.inner(name)):
            raise ConfigError(f"{name} would be overwritten by this run: read it from, or write to, another folder")


def begin_scratch(folder: Path) -> None:
    """A folder that nobody goes on with."""
    (folder / SHARDS).mkdir(parents=True, exist_ok=True)


def differences(before: Run, after: Run) -> list[str]:
    """The names of what differs between two runs."""
    return [name for name in before.__struct_fields__ if getattr(before, name) != getattr(after, name)]


def clear_shards(folder: Path | Place) -> None:
    """Remove pieces and markers: all rows are in the outputs."""
    place_of(folder).remove(SHARDS)


def _goes_on(place: Place, found: Manifest, manifest: Manifest, *, mix: bool) -> Manifest:
    changed = differences(found.run, manifest.run)
    if not changed:
        return msgspec.structs.replace(found, software=manifest.software, command=manifest.command)
    said = ", ".join(changed)
    if not mix or set(changed) - MIXABLE:
        hint = "--force starts anew" + ("" if set(changed) - MIXABLE else ", --mix goes on with both")
        raise ConfigError(f"{place} cannot be resumed: changed since: {said} ({hint})")
    return msgspec.structs.replace(manifest, mixed=(*found.mixed, found.run), files=found.files)


def _read(place: Place) -> Manifest | None:
    data = place.get(MANIFEST)
    try:
        return None if data is None else msgspec.json.decode(data, type=Manifest)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise ConfigError(f"{place}/{MANIFEST} is no manifest of this version (--force starts anew)") from error


def pieces_of(folder: Path, markers: Mapping[Key, Marker], output: str) -> list[Path]:
    """The pieces of one output, in order, where they are on this machine."""
    own = [markers[key].pieces.get(output) for key in sorted(markers)]
    return [folder / SHARDS / piece[0] for piece in own if piece is not None]
