"""One line of scores: how a judged row is written down, and what is read of one that somebody else wrote.

`unsafe`, and where known `severity`, `categories` and `sensitive`, speak of the whole row; `parts` says them of each
part by its path. `unjudged` is the reason why there are none, `missed` are judges that should have judged it too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from ...models.assessment import NOT_ASSESSED, Assessed, Assessment, Severity, Unjudged, checked, expected_severity
from ...models.errors import InputError
from ...models.taxonomy import SLUGS
from ..bulk import Concluded

NAME: Final = "scores"
"""What judged, where scores were brought along."""
_HELP: Final = "a line is a row's scores: unsafe, 0 to 1, and if known severity, categories, sensitive; or parts"
_MOST_LINES: Final = 1 << 53
_ROUNDED: Final = 0.01
"""How far four probabilities may be from one together."""


def line_of(found: Concluded, place: Mapping[str, Any]) -> bytes:
    """The line of a judged row at a `place`, its columns `file`, `line` and the key's.

    The worst scores stand for a part that was judged in pieces.
    """
    parts: dict[str, Assessment] = {}
    for path, one in zip(found.paths, found.assessments, strict=True):
        parts[path] = _worst(parts[path], one) if path in parts else one
    return msgspec.json.encode({**place, "parts": {path: _plain(one) for path, one in parts.items()}}) + b"\n"


def read_line(line: Mapping[str, Any]) -> dict[str, Assessment]:
    """The scores of a line by path, the empty path for the whole row; InputError says what is wrong."""
    parts = line.get("parts")
    if parts is None:
        return {"": _assessment(line)}
    if not isinstance(parts, Mapping) or not all(isinstance(one, Mapping) for one in parts.values()):
        raise InputError(f"parts must map the path of a part to its scores; {_HELP}", param="parts")
    found: dict[str, Assessment] = {}
    for path, one in parts.items():
        try:
            found[path] = _assessment(one)
        except InputError as error:
            raise InputError(f"parts, {path}: {error}", param="parts") from error
    return found


def line_number(line: Mapping[str, Any]) -> int | None:
    """Where the row stands in its file, from 1; None where the line does not say."""
    value = line.get("line")
    if value is None:
        return None
    # Tables whose column has holes hold whole numbers as fractions.
    known = isinstance(value, (int, float)) and not isinstance(value, bool) and 1 <= value <= _MOST_LINES
    if not known or value != int(value):
        raise InputError("line must be the row's line in its file, a whole number from 1", param="line")
    return int(value)


def _assessment(line: Mapping[str, Any]) -> Assessment:
    if line.get("unjudged") is not None:
        return _unjudged(line, model=NAME)
    categories = line.get("categories")
    if categories is not None and not isinstance(categories, Mapping):
        raise InputError("categories must map categories to their scores", param="categories")
    named = {slug: line[slug] for slug in SLUGS if line.get(slug) is not None} | dict(categories or {})
    if unknown := sorted(map(str, named.keys() - set(SLUGS))):
        raise InputError(f"unknown categories: {', '.join(unknown)}", param="categories")
    own = {slug: _probability(value, slug) for slug, value in named.items() if value is not None}
    sensitive = line.get("sensitive")
    return checked(
        Assessed(
            unsafe=_probability(line.get("unsafe"), "unsafe"),
            categories={**NOT_ASSESSED, **own},
            severity=_severity(line.get("severity")),
            sensitive=None if sensitive is None else _probability(sensitive, "sensitive"),
            model=NAME,
            missed=_missed(line.get("missed")),
        )
    )


def _unjudged(line: Mapping[str, Any], *, model: str) -> Unjudged:
    reason = line.get("unjudged")
    if not isinstance(reason, str) or not reason:
        raise InputError("unjudged must be the reason why there are no scores, a text", param="unjudged")
    return Unjudged(reason=reason, model=model)


def _missed(value: Any) -> tuple[Unjudged, ...]:
    if value is None:
        return ()
    if not isinstance(value, Sequence) or not all(isinstance(one, Mapping) for one in value):
        raise InputError("missed must list the judges that could not judge, each with unjudged", param="missed")
    return tuple(_unjudged(one, model=str(one.get("model") or NAME)) for one in value)


def _probability(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise InputError(f"no number in {name}; {_HELP}", param=name)
    if not -1e-6 <= value <= 1 + 1e-6:  # as far off as a model's own may be
        raise InputError(f"{name} is not a probability, 0 to 1", param=name)
    return float(value)


def _severity(value: Any) -> tuple[float, float, float, float] | None:
    """Four probabilities from as many, from a level's name, or from a mean of 0..3."""
    if value is None:
        return None
    if isinstance(value, str) and value.upper() in Severity.__members__:
        value = int(Severity[value.upper()])
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 3:
        none, minor, moderate, severe = (max(0.0, 1.0 - abs(value - level)) for level in range(4))
        return (none, minor, moderate, severe)
    if isinstance(value, Sequence) and not isinstance(value, str) and len(value) == 4:
        none, minor, moderate, severe = (_probability(one, "severity") for one in value)
        if abs(none + minor + moderate + severe - 1) <= _ROUNDED:
            return (none, minor, moderate, severe)
    raise InputError(
        "severity is none, minor, moderate, severe, a number 0 to 3, or four probabilities that sum to one",
        param="severity",
    )


def _worst(one: Assessment, other: Assessment) -> Assessment:
    """The worse of each score; a piece that was not judged is missed beside what was found in the others."""
    if isinstance(one, Unjudged):
        return one if isinstance(other, Unjudged) else _worst(other, one)
    if isinstance(other, Unjudged):
        return msgspec.structs.replace(one, missed=tuple(dict.fromkeys((*one.missed, other))))
    return msgspec.structs.replace(
        max(one, other, key=lambda found: expected_severity(found) or 0.0),
        unsafe=max(one.unsafe, other.unsafe),
        categories={slug: _most(one.categories.get(slug), other.categories.get(slug)) for slug in SLUGS},
        sensitive=_most(one.sensitive, other.sensitive),
        missed=tuple(dict.fromkeys((*one.missed, *other.missed))),
    )


def _most(one: float | None, other: float | None) -> float | None:
    known = [score for score in (one, other) if score is not None]
    return max(known, default=None)


def _plain(found: Assessment) -> dict[str, Any]:
    if isinstance(found, Unjudged):
        return {"unjudged": found.reason}
    categories = {slug: score for slug, score in found.categories.items() if score is not None}
    missed = [{"unjudged": one.reason, "model": one.model} for one in found.missed]
    plain = {"unsafe": found.unsafe, "severity": found.severity, "sensitive": found.sensitive, "categories": categories}
    return {name: value for name, value in {**plain, "missed": missed or None}.items() if value is not None}
