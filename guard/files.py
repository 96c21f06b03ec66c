"""Rows in files: names and globs expanded, gzip and zstd undone, one line at a time."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import msgspec

from ..models.errors import ConfigError, InputError

STDIN: Final = "-"
_COMPRESSED: Final = (".gz", ".zst")
_ROWS: Final = (".jsonl", ".ndjson", ".json", ".parquet", ".csv", ".tsv", ".arrow", ".feather", ".tar")


def expand(inputs: Iterable[str]) -> list[str]:
    """The files named, each once and in order; patterns are expanded and sorted. ConfigError where nothing is there.

    URLs (`s3://…`, `hf://…`) are expanded by fsspec.
    """
    found: dict[str, None] = {}
    for name in inputs:
        if name == STDIN or Path(name).is_file():
            found[name] = None
            continue
        if "://" in name:
            found.update(dict.fromkeys(_remote(name)))
            continue
        matches = sorted(str(match) for match in _glob(Path(name)) if match.is_file())
        if not matches:
            raise ConfigError(f"no such file: {name}")
        found.update(dict.fromkeys(matches))
    return list(found)


def stem(name: str) -> str:
    """The file's name without its folder, compression and format: `a/b.jsonl.zst` is `b`."""
    base = "stdin" if name == STDIN else Path(name).name
    for suffixes in (_COMPRESSED, _ROWS):
        base = next((base[: -len(suffix)] for suffix in suffixes if base.endswith(suffix)), base)
    return base


def open_lines(name: str) -> BinaryIO:
    """The file's bytes, decompressed as its name says; ConfigError where it cannot be read."""
    if name == STDIN:
        return sys.stdin.buffer
    raw = open_bytes(name)
    if name.endswith(".gz"):
        return cast(BinaryIO, gzip.GzipFile(fileobj=raw, mode="rb"))
    return _unzstd(raw, name) if name.endswith(".zst") else raw


def open_bytes(name: str) -> BinaryIO:
    """The file's own bytes, from a disk or by fsspec; ConfigError where it cannot be read."""
    if "://" in name:
        with _door(name):
            # What stores give has no bounded readline, and many small reads would be as many requests.
            return io.BufferedReader(filesystem(name).open(name, "rb").open(), 1 << 20)
    try:
        return Path(name).open("rb")
    except OSError as error:
        raise ConfigError(f"cannot read {name}: {error.strerror or error}") from error


def size_of(name: str) -> int:
    """The file's bytes; 0 for stdin, the sum for a folder."""
    if name == STDIN:
        return 0
    if "://" in name:
        with _door(name):
            system, path = filesystem(name).url_to_fs(name)
            return int(system.size(path) or 0)
    path = Path(name)
    if path.is_dir():
        return sum(one.stat().st_size for one in path.rglob("*") if one.is_file())
    return path.stat().st_size


def read_of(file: BinaryIO, content: int) -> int:
    """The bytes of the file itself that were read so far, where `content` bytes came out of it."""
    packed: Any = getattr(file, "packed", None) or getattr(file, "fileobj", None)
    return content if packed is None else int(packed.tell())


def damages() -> tuple[type[Exception], ...]:
    """What reading a damaged or cut-off file raises."""
    try:
        from zstandard import ZstdError
    except ImportError:
        return (OSError, EOFError, zlib.error)
    return (OSError, EOFError, zlib.error, ZstdError)


def read_rows(name: str) -> Iterator[dict[str, Any]]:
    """Every row of a JSONL(.gz, .zst) or Parquet file as a dictionary; InputError names the first bad line."""
    for _, row in numbered_rows(name):
        yield row


def numbered_rows(name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The same, each with its line or row number, from 1; blank lines count and are no rows."""
    if name.endswith(".parquet"):
        yield from enumerate(_read_parquet(name), start=1)
        return
    decoder = msgspec.json.Decoder(dict[str, Any])
    with open_lines(name) as file:
        for number, line in enumerate(file, start=1):
            if line.isspace():
                continue
            try:
                yield number, decoder.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise InputError(f"{name}:{number}: not a JSON object: {error}") from error


def _glob(pattern: Path) -> Iterator[Path]:
    base = Path(pattern.anchor)
    try:
        yield from base.glob(str(pattern.relative_to(base)))
    except (ValueError, NotImplementedError):
        return


def filesystem(name: str) -> Any:
    """fsspec itself, for a URL; ConfigError where it is not installed."""
    try:
        import fsspec
    except ImportError as error:
        raise ConfigError(f"{name} needs fsspec: pip install 'headgate[remote]'") from error
    return fsspec


@contextmanager
def _door(name: str) -> Iterator[None]:
    """The one door for what fsspec's packages raise, each its own exceptions."""
    try:
        yield
    except ConfigError:
        raise
    except Exception as error:
        raise ConfigError(f"cannot read {name}: {type(error).__name__}: {error}") from error


def _remote(name: str) -> list[str]:
    """The files behind a URL, a pattern or a folder, as URLs, sorted."""
    fsspec = filesystem(name)
    with _door(name):
        system, path = fsspec.url_to_fs(name)
        if any(sign in path for sign in "*?["):
            found = system.glob(path)
        else:
            found = [path] if system.isfile(path) else system.find(path)
    if not found:
        raise ConfigError(f"no such file: {name}")
    return sorted(str(system.unstrip_protocol(one)) for one in found)


def _unzstd(raw: BinaryIO, name: str) -> BinaryIO:
    try:
        import zstandard
    except ImportError as error:
        raise ConfigError(f"{name} needs zstandard: pip install 'headgate[batch]'") from error
    stream = zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True, closefd=True)
    return _Unpacked(stream, raw)


class _Unpacked(io.BufferedReader):
    """What comes out of a packed file, and that file."""

    def __init__(self, stream: Any, packed: BinaryIO) -> None:
        super().__init__(stream, 1 << 18)
        self.packed = packed


def _read_parquet(name: str) -> Iterator[dict[str, Any]]:
    try:
        import pyarrow.parquet as parquet  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except ImportError as error:
        raise ConfigError(f"{name} needs pyarrow: pip install pyarrow") from error
    for batch in parquet.ParquetFile(name).iter_batches(batch_size=1024):
        yield from cast(Sequence[dict[str, Any]], batch.to_pylist())
