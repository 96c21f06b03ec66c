"""Finds a policy by pack name or path, reads it and all that it extends; faults are collected, not raised."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec

from .diagnostics import Diagnostic, Mark, error, suggest
from .foreign import localised
from .tree import Fields, Scalar, Source, entry
from .yaml_tree import MAX_BYTES, parse_yaml

PACK_FOLDER = Path(__file__).parent / "packs"
BASE = "base"
MAX_CHAIN = 8


def packs() -> tuple[str, ...]:
    """The names of the policies that ship with Headgate."""
    return tuple(sorted(path.stem for path in PACK_FOLDER.glob("*.yaml")))


def load_source(name_or_path: str | Path) -> Source:
    """The source of a pack (by its name) or a file (by its path); a missing one is a fault of the source."""
    path = _find(name_or_path, folder=Path())
    if path is None:
        fault = _absent(Mark(str(name_or_path)), "no-policy", str(name_or_path))
        return Source(file=str(name_or_path), text="", root=Fields(Mark(str(name_or_path))), faults=(fault,))
    return _read(path, seen=())


def source_of_text(text: str, *, file: str = "<policy>") -> Source:
    """The source of a text; what it extends is looked for beside `file`."""
    return _source(text, label=file, path=Path(file), seen=())


@cache
def _pack(name: str) -> Source:
    path = PACK_FOLDER / f"{name}.yaml"
    source = _source(path.read_text(encoding="utf-8"), label=f"packs/{path.name}", path=path, seen=())
    return msgspec.structs.replace(source, shipped=True)


def _read(path: Path, *, seen: tuple[Path, ...]) -> Source:
    if path.parent == PACK_FOLDER:
        return _pack(path.stem)
    label = str(path)
    try:
        with path.open("rb") as handle:
            data = handle.read(MAX_BYTES + 1)
        text = data.decode("utf-8-sig")
    except OSError as failure:
        return _unread(label, f"cannot be read: {failure.strerror or failure}")
    except UnicodeDecodeError as failure:
        return _unread(label, f"not UTF-8 at byte {failure.start}")
    return _source(text, label=label, path=path, seen=seen)


def _source(text: str, *, label: str, path: Path, seen: tuple[Path, ...]) -> Source:
    parsed = parse_yaml(text, file=label)
    parsed = msgspec.structs.replace(parsed, root=localised(parsed.root))
    if path == PACK_FOLDER / f"{BASE}.yaml":
        return Source(file=label, text=text, root=parsed.root, faults=parsed.faults)
    extends = entry(parsed.root, "extends")
    name, mark = BASE, Mark(label)
    if extends and isinstance(extends.value, Scalar) and isinstance(extends.value.value, str):
        name, mark = extends.value.value, extends.value.mark
    base = _base(name, mark, path=path, seen=(*seen, path.resolve()))
    return Source(file=label, text=text, root=parsed.root, faults=parsed.faults, base=base)


def _base(name: str, mark: Mark, *, path: Path, seen: tuple[Path, ...]) -> Source:
    found = _find(name, folder=path.parent)
    if found is None:
        fault = _absent(mark, "bad-extends", name)
    elif found.resolve() in seen:
        names = " -> ".join(step.name for step in (*seen[seen.index(found.resolve()) :], found))
        fault = error(mark, "extends-cycle", f"extends goes in a circle: {names}")
    elif len(seen) >= MAX_CHAIN:
        fault = error(mark, "bad-extends", f"more than {MAX_CHAIN} policies extend one another")
    else:
        return _read(found, seen=seen)
    # The rest is still checked against the base of all, so that every other fault is reported too.
    base = _pack(BASE)
    return msgspec.structs.replace(base, faults=(*base.faults, fault))


def _find(name: str | Path, *, folder: Path) -> Path | None:
    if isinstance(name, str) and name in packs():
        return PACK_FOLDER / f"{name}.yaml"
    path = folder / name
    try:
        return path if path.is_file() else None
    except (OSError, ValueError):
        return None  # a name with a NUL or longer than the file system allows


def _absent(mark: Mark, code: str, name: str) -> Diagnostic:
    return error(mark, code, f"no pack and no file is called {name!r}", hint=suggest(name, packs()))


def _unread(label: str, reason: str) -> Source:
    fault = error(Mark(label), "unreadable", f"the policy {reason}")
    return Source(file=label, text="", root=Fields(Mark(label)), faults=(fault,))
