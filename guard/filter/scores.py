"""Scores in a file: left by one run, or brought by whoever has a classifier of their own, and taken by another.

Rows are found by a column that both files have, or by file and line; what a line says is in `score_lines.py`.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, Final

import msgspec

from ...models.assessment import Assessment, Unjudged
from ...models.content import Kind, Part
from ...models.errors import ConfigError, InferenceFailed, InputError
from ...models.manifest import Weights
from ...models.taxonomy import SLUGS
from ..bulk import NO_SCORES
from ..files import STDIN, numbered_rows, open_bytes
from ..rows import Columns
from .formats.block import Row, Size
from .formats.choose import open_format
from .formats.lines import Lines
from .score_lines import NAME, line_number, read_line
from .sides import Sides, own_path

_ANSWER: Final = "response[0]"
_ROWS: Final = 2048
_DECODER: Final = msgspec.msgpack.Decoder(dict[str, Assessment])


class ScoreFile:
    """The scores of a file, on disk beside this process: memory does not grow with it.

    Rows are found by the column `key`, else by file and line; a file of scores that names no files fits one input
    alone, and where it names no lines (`plain`) it is in the order of the rows. ConfigError names the first line that
    cannot be read or is there twice.
    """

    def __init__(self, name: str, *, key: str = "", alone: bool = True) -> None:
        self.plain = False
        self._name = name
        self._key = key
        self._alone = alone
        self._lock = threading.Lock()
        # A nameless database lives in a temporary file of its own.
        self._rows = sqlite3.connect("", check_same_thread=False)
        self._rows.execute("create table scores (key text primary key, found blob) without rowid")
        try:
            self._rows.executemany("insert into scores values (?, ?)", self._entries())
        except sqlite3.IntegrityError as error:
            said = f"the column {key}" if key else "file and line"
            raise ConfigError(f"{name}: two lines are of one row by {said} (see --score-key)") from error
        except InputError as error:
            raise ConfigError(str(error)) from error
        self._rows.commit()

    def of(self, row: Row, name: str, both: Sides) -> Sides:
        """The same with the row's scores in its exchanges; with none, its parts are reported as not judged."""
        scores = self._find(row, name)
        sides = both.names or ("",)
        return msgspec.structs.replace(
            both,
            exchanges=tuple(
                msgspec.structs.replace(one, scores={_inner(path, side): found for path, found in scores.items()})
                for one, side in zip(both.exchanges, sides, strict=True)
            ),
        )

    def close(self) -> None:
        """Let the disk have its room back."""
        with self._lock:
            self._rows.close()

    def _find(self, row: Row, name: str) -> dict[str, Assessment]:
        if self._key:
            value = key_of(row.fields or {}, self._key)
            keys = [] if value is None else [value]
        else:
            keys = [_place(name, row.number), _place("", row.number)]
        with self._lock:
            for key in keys:
                found = self._rows.execute("select found from scores where key = ?", (key,)).fetchone()
                if found is not None:
                    return _DECODER.decode(found[0])
        return {}

    def _entries(self) -> Iterator[tuple[str, bytes]]:
        for ordinal, (number, line) in enumerate(numbered_rows(self._name), start=1):
            try:
                place = self._by_key(line) if self._key else self._by_place(line, ordinal, number)
                scores = read_line(line)
            except (InputError, InferenceFailed) as error:
                raise ConfigError(f"{self._name}:{number}: {error}") from error
            if place is not None:
                yield place, msgspec.msgpack.encode(scores)

    def _by_key(self, line: Mapping[str, Any]) -> str | None:
        found = key_of(line, self._key)
        # A run that writes scores has a row without the column found by its place alone.
        if found is None and (line.get("file") is None or line.get("line") is None):
            raise InputError(f"no column {self._key}, by which --score-key finds a row")
        return found

    def _by_place(self, line: Mapping[str, Any], ordinal: int, number: int) -> str:
        file, at = line.get("file"), line_number(line)
        if file is not None and not isinstance(file, str):
            raise InputError("file must be the name of an input")
        if not file and not self._alone:
            raise InputError("there are several inputs: name the row's file and line, or a key (--score-key)")
        if at is not None:
            return _place(file or "", at)
        if file:
            raise InputError("no line: name the row's line in its file, from 1")
        if ordinal != number:
            raise InputError("a plain list of scores has no blank lines: name each row's line, or a key (--score-key)")
        self.plain = True
        return _place("", ordinal)


class Brought:
    """Stands where a model would: what the file of scores does not judge, nobody does.

    With `weights` thresholds are those of that model's card: the scores are its own.
    """

    kinds: frozenset[Kind] = frozenset({"text", "image", "video"})
    covers = frozenset(SLUGS)
    local = True

    def __init__(self, name: str, *, weights: Weights | None = None) -> None:
        self.name = NAME
        digest = hashlib.sha256()
        if weights is not None:
            self.weights = weights
            digest.update(weights.digest.encode())
        with open_bytes(name) as file:
            while data := file.read(1 << 20):
                digest.update(data)
        self.digest = digest.hexdigest()[:16]

    def cost(self, part: Part) -> int:
        """Nothing is computed."""
        return 0

    def assess(self, parts: Sequence[Part]) -> list[Assessment]:
        """No scores."""
        return [Unjudged(reason=NO_SCORES, model=NAME) for _ in parts]


def check_order(name: str) -> None:
    """ConfigError where a plain list of scores may be off by a row of this input: it is stdin, or has blank lines."""
    remedy = "name each row's line in the file of scores, or a key (--score-key)"
    if name == STDIN:
        raise ConfigError(f"a plain list of scores cannot be held against stdin, which may have blank lines: {remedy}")
    from .formats.delimited import Delimited

    format = open_format(name)
    if not isinstance(format, (Lines, Delimited)):  # others have no blank rows
        return
    for block in format.blocks(name, size=Size(_ROWS), wanted=None):
        for number, row in zip(block.numbers, format.rows(block), strict=True):
            if row is None:
                raise ConfigError(
                    f"{name}:{number}: a blank line, which a plain list of scores may not count: {remedy}"
                )


def check_names(inputs: Sequence[str]) -> None:
    """ConfigError where rows of two inputs are not told apart by file and line."""
    known: dict[str, str] = {}
    for name in inputs:
        if (other := known.setdefault(base_of(name), name)) != name:
            raise ConfigError(
                f"{other} and {name} have the same name, by which scores find their rows: "
                "name a column that tells rows apart with --score-key, or run one after the other"
            )


def base_of(name: str) -> str:
    """What a line of scores calls an input: its name without folders."""
    return PurePosixPath(name).name


def key_of(row: Mapping[str, Any], column: str) -> str | None:
    """The value by which a row is found, None where the row has none."""
    value = Columns().get(row, column)
    return value if isinstance(value, str) or value is None else str(value)


def _inner(path: str, side: str) -> str:
    """The path as the loop calls it, of a part under the name of a pair's side."""
    return _ANSWER + path[len(side) :] if side and own_path(_ANSWER, side) == path[: len(side)] else path


def _place(file: str, line: int) -> str:
    return f"{base_of(file)}:{line}"
