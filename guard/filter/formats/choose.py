"""Which format a name stands for, and what of a folder is read."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from ....models.errors import ConfigError
from ...files import STDIN, expand
from .block import Format
from .lines import Lines

COMPRESSIONS: Final = {".gz": "gz", ".zst": "zst"}
_LINES: Final = (".jsonl", ".ndjson", ".json")
_DELIMITED: Final = {".csv": ",", ".tsv": "\t"}
_COLUMNAR: Final = (".parquet", ".arrow", ".feather")
_READ: Final = (*_LINES, *_DELIMITED, *_COLUMNAR, ".tar")


def open_format(name: str, *, compression: str = "", glance: bool = False) -> Format:
    """The format of a file or folder; `compression` is that of the output, where lines may have one."""
    base = bare(name)
    suffix = Path(base).suffix.lower()
    if suffix in _DELIMITED:
        from .delimited import Delimited

        return Delimited(_DELIMITED[suffix], suffix=suffix, compression=compression)
    if suffix in _COLUMNAR:
        from .columnar import Columnar

        return Columnar(suffix)
    if suffix == ".tar":
        from .tar import Tar

        return Tar()
    if name != STDIN and Path(name).is_dir():
        return _folder(Path(name))
    return Lines(compression, glance=glance)


def bare(name: str) -> str:
    """The name without its compression."""
    return next((name[: -len(end)] for end in COMPRESSIONS if name.endswith(end)), name)


def compression_of(names: Iterable[str]) -> str:
    """The compression that all names have, '' where they differ or have none."""
    found = {next((short for end, short in COMPRESSIONS.items() if name.endswith(end)), "") for name in names}
    return found.pop() if len(found) == 1 else ""


def inputs_of(given: Iterable[str]) -> list[str]:
    """Files and folders to read, each once: of a folder its data files, or itself where it is a data set or media."""
    found: dict[str, None] = {}
    for name in given:
        path = Path(name)
        if name == STDIN or "://" in name or not path.is_dir():
            found.update(dict.fromkeys(expand([name])))
            continue
        if _is_dataset(path):
            found[name] = None
        elif (path / "dataset_dict.json").is_file():
            found.update(dict.fromkeys(str(one.parent) for one in sorted(path.glob("*/state.json"))))
        elif files := [str(one) for one in sorted(path.rglob("*")) if one.is_file() and _is_rows(one)]:
            found.update(dict.fromkeys(files))
        else:
            found[name] = None
    return list(found)


def _is_rows(path: Path) -> bool:
    return Path(bare(path.name)).suffix.lower() in _READ and not path.name.startswith(".")


def _is_dataset(path: Path) -> bool:
    return (path / "state.json").is_file() and (path / "dataset_info.json").is_file()


def _folder(path: Path) -> Format:
    if _is_dataset(path):
        from .columnar import Columnar

        return Columnar(".dataset")
    from .folder import SUFFIXES, Folder

    if any(one.suffix.lower() in SUFFIXES for one in path.rglob("*")):
        return Folder()
    raise ConfigError(f"{path}: nothing in it that can be read ({', '.join(_READ)}, texts, images or videos)")
