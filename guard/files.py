"""Rows in files: names and globs expanded, gzip and zstd undone, one line at a time."""

from __future__ import annotations

import gzip
import io
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import msgspec

from ..models.errors import ConfigError, InputError

STDIN: Final = "-"
_COMPRESSED: Final = (".gz", ".zst")
_ROWS: Final = (".jsonl", ".ndjson", ".json", ".parquet")


def expand(inputs: Iterable[str]) -> list[str]:
    """The files named, each once and in order; patterns are expanded and sorted. ConfigError where nothing is there."""
    found: dict[str, None] = {}
    for name in inputs:
        if name == STDIN or Path(name).is_file():
            found[name] = None
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
    try:
        if name.endswith(".gz"):
            return cast(BinaryIO, gzip.open(name, "rb"))
        return _open_zstd(name) if name.endswith(".zst") else Path(name).open("rb")
    except OSError as error:
        raise ConfigError(f"cannot read {name}: {error.strerror or error}") from error


def read_rows(name: str) -> Iterator[dict[str, Any]]:
    """Every row of a JSONL(.gz, .zst) or Parquet file as a dictionary; InputError names the first bad line."""
    if name.endswith(".parquet"):
        yield from _read_parquet(name)
        return
    decoder = msgspec.json.Decoder(dict[str, Any])
    with open_lines(name) as file:
        for number, line in enumerate(file, start=1):
            if line.isspace():
                continue
            try:
                yield decoder.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise InputError(f"{name}:{number}: not a JSON object: {error}") from error


def _glob(pattern: Path) -> Iterator[Path]:
    base = Path(pattern.anchor)
    try:
        yield from base.glob(str(pattern.relative_to(base)))
    except (ValueError, NotImplementedError):
        return


def _open_zstd(name: str) -> BinaryIO:
    try:
        import zstandard
    except ImportError as error:
        raise ConfigError(f"{name} needs zstandard: pip install 'headgate[batch]'") from error
    raw = Path(name).open("rb")  # noqa: SIM115 (closed with the reader)
    stream = zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True, closefd=True)
    return io.BufferedReader(stream, 1 << 18)


def _read_parquet(name: str) -> Iterator[dict[str, Any]]:
    try:
        import pyarrow.parquet as parquet  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except ImportError as error:
        raise ConfigError(f"{name} needs pyarrow: pip install pyarrow") from error
    for batch in parquet.ParquetFile(name).iter_batches(batch_size=1024):
        yield from cast(Sequence[dict[str, Any]], batch.to_pylist())
