"""A change of a policy's thresholds as a unified diff, for a person to read and apply."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path

from ..models.errors import ConfigError
from .compile import parse_policy
from .load import load_source
from .tree import Source, entries, entry, get, plain


def threshold_patch(name_or_path: str | Path, thresholds: Mapping[str, float]) -> str:
    """The diff that sets these thresholds in a policy file; of a shipped policy, one that makes a new file.

    ConfigError where the changed policy would have faults; empty where nothing changes.
    """
    source = load_source(name_or_path)
    if source.shipped:
        text = f"version: 1\nname: {name_or_path}-calibrated\nextends: {name_or_path}\n{_line(thresholds)}"
        parse_policy(text)
        return _diff("", text, before="/dev/null", after=f"{name_or_path}-calibrated.yaml")
    changed = _changed(source, thresholds)
    if parse_policy(changed, file=source.file).hash == parse_policy(source.text, file=source.file).hash:
        return ""
    return _diff(source.text, changed, before=source.file, after=source.file)


def _changed(source: Source, thresholds: Mapping[str, float]) -> str:
    """The text with the thresholds in place of, or beside, those that stand in it."""
    lines = source.text.splitlines(keepends=True)
    found = entry(source.root, "thresholds")
    if found is None:
        end = "" if not lines or lines[-1].endswith("\n") else "\n"
        return source.text + end + _line(thresholds)
    start = found.mark.line - 1
    if found.mark.column != 1:
        raise ConfigError(f"{source.file}: a policy in one pair of braces cannot be patched; write a key a line")
    later = [item.mark.line - 1 for item in source.root.entries if item.mark.line - 1 > start]
    stop = min(later, default=len(lines))
    while stop > start + 1 and not _is_content(lines[stop - 1]):
        stop -= 1
    kept = _kept(source, set(thresholds))
    return "".join([*lines[:start], _line(thresholds, kept), *lines[stop:]])


def _kept(source: Source, replaced: set[str]) -> list[str]:
    """The thresholds that stay, as they are written in the file's own words."""
    return [
        f"{item.key}: {_flow(plain(item.value))}"
        for item in entries(get(source.root, "thresholds"))
        if item.key not in replaced
    ]


def _flow(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(one)}" for key, one in value.items()) + "}"
    return str(value).lower() if isinstance(value, bool) else f"{value}"


def _line(thresholds: Mapping[str, float], kept: list[str] | None = None) -> str:
    every = [*(kept or []), *(f"{key}: {at:g}" for key, at in thresholds.items())]
    return "thresholds: {" + ", ".join(every) + "}\n"


def _is_content(line: str) -> bool:
    return bool(line.strip()) and (not line.lstrip().startswith("#") or line[:1].isspace())


def _diff(old: str, new: str, *, before: str, after: str) -> str:
    lines = difflib.unified_diff(old.splitlines(keepends=True), new.splitlines(keepends=True), before, after)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
