"""Lists of known hashes from files: plain lines, CSV, vPDQ's own lines, and JSON as exchanges hand it out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from ..errors import ConfigError
from ..taxonomy import SLUGS
from .entry import HashListEntry
from .pdq import QUALITY, Words, words_of

LARGEST: Final = 5_000_000
"""Hashes of one list."""

_HASH: Final = re.compile(r"(?<![0-9a-fA-F])[0-9a-fA-F]{64}(?![0-9a-fA-F])")
_LIKE_A_HASH: Final = re.compile(r"[0-9a-fA-F]{32}")
_KEYS: Final = frozenset({"indicator", "hash", "hashes", "pdq", "pdq_hash", "signal_value"})
"""Where exchanges and tools put a hash, in any case; elsewhere 64 digits may be a sha256."""
_VPDQ: Final = re.compile(r"^\d+,(\d+),[0-9a-fA-F]{64},")

_OTHER: Final = re.compile(r"(?:raw_text|trend_query|url|url_md5|video_md5|text_tlsh|video_tmk)[ ,]")
"""Lines of other kinds of signals, as ThreatExchange's tools print them beside hashes of pictures."""


def read(entry: HashListEntry) -> Words:
    """The hashes [rows, 4] of a list; ConfigError names the file and line that cannot be read.

    A list with entries of which none is a hash of a picture is refused; an empty one is not.
    """
    if entry.category not in SLUGS:
        raise ConfigError(f"known: {entry.label}: no category {entry.category!r}; one of: {', '.join(SLUGS)}")
    path = Path(entry.file)
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"known: cannot read {path}: {error}") from error
    every = list(_json(text, path) if text.lstrip().startswith(("{", "[")) else _lines(text, path))
    found = [words for words in every if words is not None]
    if every and not found:
        raise ConfigError(
            f"known: {path}: none of its {len(every)} entries is a PDQ hash of quality {QUALITY} or more: "
            "give the list of hashes of pictures, 64 hex digits each"
        )
    if len(found) > LARGEST:
        raise ConfigError(f"known: {path} has more than {LARGEST} hashes")
    return np.stack(found) if found else np.zeros((0, 4), dtype=np.uint64)


def _lines(text: str, path: Path) -> Iterator[Words | None]:
    """The hash of every line; None for one of another kind, or of a poor frame."""
    for number, line in enumerate(text.splitlines(), start=1):
        said = line.strip()
        if not said or said.startswith("#"):
            continue
        frame = _VPDQ.match(said)
        match = _HASH.search(said)
        if _OTHER.match(said) or (frame is not None and int(frame[1]) < QUALITY):
            yield None
        elif match is not None:
            yield words_of(match[0])
        elif number > 1 or _LIKE_A_HASH.search(said):  # the first line may be a header
            raise ConfigError(f"known: {path}:{number}: no PDQ hash of 64 hex digits")


def _json(text: str, path: Path) -> Iterator[Words | None]:
    """Every hash that stands bare in a list or under one of `_KEYS`, however deep: exchanges differ in the rest.

    None for what stands there and is no such hash, and for what looks like a hash under another key.
    """
    documents = [line for line in text.splitlines() if line.strip()] if _is_jsonl(text) else [text]
    try:
        rows = [msgspec.json.decode(one) for one in documents]
    except msgspec.DecodeError as error:
        raise ConfigError(f"known: {path}: {error}") from error
    for row in rows:
        yield from _found(row)


def _is_jsonl(text: str) -> bool:
    lines = [line for line in text.splitlines() if line.strip()]
    return len(lines) > 1 and all(line.strip().startswith("{") and line.strip().endswith("}") for line in lines)


def _found(value: Any, *, key: str = "hash") -> Iterator[Words | None]:
    if isinstance(value, list):
        for item in value:
            yield from _found(item, key=key)
    elif isinstance(value, dict):
        # ThreatExchange keeps all hashes under one name, and says of what kind they are beside it.
        kind = str(value.get("type", ""))
        other = kind.startswith("HASH_") and kind != "HASH_PDQ"
        for name, item in value.items():
            yield from _found(item, key="" if other and isinstance(item, str) else name)
    elif isinstance(value, str):
        known = key.lower() in _KEYS
        if known or _LIKE_A_HASH.search(value):
            yield words_of(value) if known and _HASH.fullmatch(value) else None
