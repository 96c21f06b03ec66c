"""Scores in a file: left by one run, or brought by whoever has a classifier of their own, and taken by another.

A line is one row. `unsafe`, and where known `severity`, `categories` and `sensitive`, speak of the whole row; `parts`
says them of each part by its path. Rows are found by a column that both files have, or by file and line.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, Final

import msgspec

from ...models.assessment import NOT_ASSESSED, Assessed, Assessment, Severity, Unjudged, checked, expected_severity
from ...models.content import Kind, Part
from ...models.errors import ConfigError, InferenceFailed, InputError
from ...models.manifest import Weights
from ...models.taxonomy import SLUGS
from ..bulk import NO_SCORES
from ..files import open_bytes, read_rows
from ..rows import Columns
from .appraise import Appraised
from .formats.block import Row
from .sides import Sides, own_path

NAME: Final = "scores"
_ANSWER: Final = "response[0]"
_DECODER: Final = msgspec.msgpack.Decoder(dict[str, Assessment])
_HELP: Final = "a line is a row's scores: unsafe, 0 to 1, and if known severity, categories, sensitive; or parts"


class ScoreFile:
    """The scores of a file, on disk beside this process: memory does not grow with it.

    Rows are found by the column `key`, else by file and line; a file of scores that names no files fits one input
    alone. ConfigError names the first line that cannot be read or is there twice.
    """

    def __init__(self, name: str, *, key: str = "", alone: bool = True) -> None:
        self._key = key
        self._lock = threading.Lock()
        # A nameless database lives in a temporary file of its own.
        self._rows = sqlite3.connect("", check_same_thread=False)
        self._rows.execute("create table scores (key text primary key, found blob) without rowid")
        try:
            self._rows.executemany("insert into scores values (?, ?)", _entries(name, key=key, alone=alone))
        except sqlite3.IntegrityError as error:
            said = f"the column {key}" if key else "file and line"
            raise ConfigError(f"{name}: two lines are of one row by {said} (see --score-key)") from error
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

    def _find(self, row: Row, name: str) -> dict[str, Assessment]:
        if self._key:
            keys = [_value(row.fields or {}, self._key)]
        else:
            keys = [_place(name, row.number), _place("", row.number)]
        with self._lock:
            for key in keys:
                found = self._rows.execute("select found from scores where key = ?", (key,)).fetchone()
                if found is not None:
                    return _DECODER.decode(found[0])
        return {}


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


def line_of(one: Appraised, name: str, *, key: str = "") -> bytes:
    """The line of a judged row, as ScoreFile reads it; the worst scores stand for a part that was judged in pieces."""
    assert one.concluded is not None
    parts: dict[str, Assessment] = {}
    for path, found in zip(one.concluded.paths, one.concluded.assessments, strict=True):
        parts[path] = _worst(parts[path], found) if path in parts else found
    line: dict[str, Any] = {"file": _base(name), "line": one.row.number}
    if key:
        line[key] = _value(one.row.fields or {}, key)
    line["parts"] = {path: _plain(found) for path, found in parts.items()}
    return msgspec.json.encode(line) + b"\n"


def read_line(line: Mapping[str, Any]) -> dict[str, Assessment]:
    """The scores of a line by path, the empty path for the whole row; InputError says what is wrong."""
    parts = line.get("parts")
    if parts is None:
        return {"": _assessed(line)}
    if not isinstance(parts, Mapping) or not all(isinstance(one, Mapping) for one in parts.values()):
        raise InputError(f"parts must map the path of a part to its scores; {_HELP}", param="parts")
    return {path: _assessed(one) for path, one in parts.items()}


def _entries(name: str, *, key: str, alone: bool) -> Iterator[tuple[str, bytes]]:
    for number, line in enumerate(read_rows(name), start=1):
        try:
            scores = read_line(line)
        except (InputError, InferenceFailed) as error:
            raise ConfigError(f"{name}:{number}: {error}") from error
        if key:
            if Columns().get(line, key) is None:
                raise ConfigError(f"{name}:{number}: no column {key}, by which --score-key finds a row")
            place = _value(line, key)
        else:
            file = str(line.get("file") or "")
            if not file and not alone:
                raise ConfigError(f"{name}:{number}: there are several inputs: name the row's file and line, or a key")
            place = _place(file, int(line.get("line") or number))
        yield place, msgspec.msgpack.encode(scores)


def _assessed(line: Mapping[str, Any]) -> Assessment:
    if "unjudged" in line:
        return Unjudged(reason=str(line["unjudged"]), model=NAME)
    unsafe, categories = line.get("unsafe"), line.get("categories") or {}
    if isinstance(unsafe, bool) or not isinstance(unsafe, (int, float)) or not isinstance(categories, Mapping):
        raise InputError(f"no number in unsafe; {_HELP}", param="unsafe")
    own = {slug: line[slug] for slug in SLUGS if line.get(slug) is not None}
    return checked(
        Assessed(
            unsafe=float(unsafe),
            categories={**NOT_ASSESSED, **own, **categories},
            severity=_severity(line.get("severity")),
            sensitive=line.get("sensitive"),
            model=NAME,
        )
    )


def _severity(value: Any) -> tuple[float, float, float, float] | None:
    """Four probabilities from as many, from a level's name, or from a mean of 0..3."""
    if value is None:
        return None
    if isinstance(value, str) and value.upper() in Severity.__members__:
        value = int(Severity[value.upper()])
    if isinstance(value, (int, float)) and 0 <= value <= 3:
        none, minor, moderate, severe = (max(0.0, 1.0 - abs(value - level)) for level in range(4))
        return (none, minor, moderate, severe)
    if isinstance(value, Sequence) and len(value) == 4 and all(isinstance(one, (int, float)) for one in value):
        return (float(value[0]), float(value[1]), float(value[2]), float(value[3]))
    raise InputError("severity is none, minor, moderate, severe, a number 0 to 3, or four probabilities")


def _worst(one: Assessment, other: Assessment) -> Assessment:
    """The worse of each score; what was not judged stays so."""
    if isinstance(one, Unjudged) or isinstance(other, Unjudged):
        return one if isinstance(one, Unjudged) else other
    return msgspec.structs.replace(
        max(one, other, key=lambda found: expected_severity(found) or 0.0),
        unsafe=max(one.unsafe, other.unsafe),
        categories={slug: _most(one.categories.get(slug), other.categories.get(slug)) for slug in SLUGS},
        sensitive=_most(one.sensitive, other.sensitive),
    )


def _most(one: float | None, other: float | None) -> float | None:
    known = [score for score in (one, other) if score is not None]
    return max(known, default=None)


def _plain(found: Assessment) -> dict[str, Any]:
    if isinstance(found, Unjudged):
        return {"unjudged": found.reason}
    categories = {slug: score for slug, score in found.categories.items() if score is not None}
    plain = {"unsafe": found.unsafe, "severity": found.severity, "sensitive": found.sensitive, "categories": categories}
    return {name: value for name, value in plain.items() if value is not None}


def _inner(path: str, side: str) -> str:
    """The path as the loop calls it, of a part under the name of a pair's side."""
    return _ANSWER + path[len(side) :] if side and own_path(_ANSWER, side) == path[: len(side)] else path


def _place(file: str, line: int) -> str:
    return f"{_base(file)}:{line}"


def _base(name: str) -> str:
    return PurePosixPath(name).name


def _value(row: Mapping[str, Any], column: str) -> str:
    value = Columns().get(row, column)
    return value if isinstance(value, str) else str(value)
