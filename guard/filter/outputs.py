"""Makes the outputs of a run from the pieces of its shards."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from .formats.choose import open_format
from .formats.pieces import concatenate
from .place import Local, Place
from .sort import REGENERATED
from .store import SHARDS, Key, Marker, pieces_of

ERRORS: Final = "errors.jsonl"
SCORES: Final = "scores.jsonl"
_EVERY: Final = ("kept", "dropped", "review")


@contextmanager
def workbench(place: Place, markers: Mapping[Key, Marker]) -> Iterator[Path]:
    """A folder of this machine with all pieces: the place itself, or for a while one into which they are brought."""
    if isinstance(place, Local):
        yield place.folder
        return
    with TemporaryDirectory(prefix="headgate-") as name:
        folder = Path(name)
        (folder / SHARDS).mkdir()
        for marker in markers.values():
            for piece, _ in marker.pieces.values():
                place.download(f"{SHARDS}/{piece}", folder / SHARDS / piece)
        yield folder


def assemble(
    folder: Path, markers: Mapping[Key, Marker], *, inputs: Sequence[str], split: bool, compression: str
) -> dict[str, dict[str, Any]]:
    """Joins the pieces of each output, and gives the size and sha256 of each file that was made.

    With `split` every piece becomes a file of its own, named after its shard.
    """
    sources: dict[str, str] = {}
    for key in sorted(markers):
        for output in markers[key].pieces:
            sources.setdefault(output, inputs[key.file])
    for output, source in sources.items():
        pieces = pieces_of(folder, markers, output)
        if output in (ERRORS, SCORES):
            concatenate(pieces, folder / output)
            continue
        format = open_format(source, compression=compression)
        if not split:
            format.join(pieces, folder / output, source=source)
            continue
        stem, _, suffix = output.partition(".")
        for number, piece in enumerate(pieces):
            format.join([piece], folder / f"{stem}.{number:05d}.{suffix}", source=source)
    _empty(folder, sources, compression=compression)
    return {path.name: _described(path) for path in sorted(folder.iterdir()) if _is_output(path, sources)}


def _empty(folder: Path, sources: Mapping[str, str], *, compression: str) -> None:
    """Lines have all their files, also where no row went into one: a reader need not ask."""
    suffix = ".jsonl" + (f".{compression}" if compression else "")
    lines = not sources or any(name.endswith(suffix) and name not in (ERRORS, SCORES) for name in sources)
    tagged = any(name.startswith("tagged.") for name in sources)
    names = [f"{stem}{suffix}" for stem in (() if tagged else _EVERY)] if lines else []
    for name in (*names, ERRORS):
        if not (folder / name).exists() and name not in sources and not any(folder.glob(f"{name.split('.')[0]}.*")):
            (folder / name).touch()


def _is_output(path: Path, sources: Mapping[str, str]) -> bool:
    stems = {name.partition(".")[0] for name in sources} | {*_EVERY, REGENERATED, "errors"}
    return path.is_file() and path.name.partition(".")[0] in stems


def _described(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"bytes": path.stat().st_size, "sha256": digest}
