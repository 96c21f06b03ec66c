"""Everything that is wrong with a policy, without running it."""

from __future__ import annotations

from collections.abc import Set
from pathlib import Path

from .checks import diagnose
from .checks.failing_case import check_cases
from .checks.uncovered import check_covered
from .compile import load_policy
from .diagnostics import Diagnostic, errors, ordered
from .load import load_source
from .tree import chain


def validate(name_or_path: str | Path, *, covers: Set[str] | None = None) -> list[Diagnostic]:
    """Every fault and warning of a pack or file, in order; none where it is sound.

    With `covers`, the categories that the loaded classifiers assess, thresholds on any other are warned of.
    """
    source = load_source(name_or_path)
    found = diagnose(source)
    if not errors(found):
        found += check_cases(source, load_policy(name_or_path))
    if covers is not None:
        found += check_covered(source, covers=covers)
    return ordered(found, texts={part.file: part.text for part in chain(source)})
