"""The settings `model`, `models`, `combine` and `cascade`: whether they fit together, without loading a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from ..models.assemble import check_entry
from ..models.errors import ConfigError
from ..models.judges import CascadeOf, Entry, Judges
from ..models.judges_file import is_judges_file, read_judges
from ..models.merge import Rule
from ..models.registry import resolve


def check_models(model: str | None, models: tuple[Entry, ...], combine: Rule, cascade: CascadeOf | None) -> None:
    """ConfigError where names do not fit together, or what puts models together has none to do so with."""
    if models and model is not None:
        raise ConfigError("models stand beside model: write one of them")
    if models:
        Judges(models=models, combine=combine, cascade=cascade).checked()
    elif cascade is not None or combine != "max":
        raise ConfigError("cascade and combine put models together: write models too")


def check_present(judges: Judges | str | None) -> None:
    """Raises at the start what loading would raise soon after: a name, a folder or a field that is missing."""
    if isinstance(judges, str) and not is_judges_file(judges):
        resolve(judges)
        return
    if isinstance(judges, str):
        judges = read_judges(judges)
    for entry in judges.models if judges is not None else ():
        check_entry(entry)


def entry_fault(given: Any) -> str:
    """What is wrong with one entry of a file; nothing where it is sound."""
    try:
        check_entry(msgspec.convert(given, Entry))
    except (ConfigError, msgspec.ValidationError) as fault:
        return str(fault)
    return ""


def models_fault(given: Mapping[str, Any]) -> str:
    """What is wrong with all of them together; nothing where they are sound."""
    try:
        models = msgspec.convert(given.get("models", ()), tuple[Entry, ...])
        combine: Rule = msgspec.convert(given.get("combine", "max"), Rule)
        cascade = msgspec.convert(given.get("cascade"), CascadeOf | None)
        check_models(given.get("model"), models, combine, cascade)
    except (ConfigError, msgspec.ValidationError) as fault:
        return str(fault)
    return ""
