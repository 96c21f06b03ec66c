"""The guideline library that ships with Headgate: texts by category, read once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final, Literal

import msgspec
import yaml

from ..models.assessment import Severity
from ..policies.compiled import Guideline

FILE: Final = Path(__file__).parent / "data" / "guidelines.yaml"


class _Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    text: str
    when: tuple[str, ...] = ()
    severity: Literal["minor", "moderate", "severe"] = "minor"


@cache
def library() -> Mapping[str, tuple[Guideline, ...]]:
    """The guidelines of every category, in the order in which they were written."""
    raw = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    entries = msgspec.convert(raw, dict[str, tuple[_Entry, ...]])
    return {slug: tuple(_guideline(entry) for entry in given) for slug, given in entries.items()}


def _guideline(entry: _Entry) -> Guideline:
    return Guideline(text=entry.text, when=entry.when, severity=int(Severity[entry.severity.upper()]))
