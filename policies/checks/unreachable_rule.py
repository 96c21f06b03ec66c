"""Rules under circumstances that never come together, or that ask for no more than the matrix does."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from ...models.taxonomy import BY_SLUG, SLUGS
from ..diagnostics import Diagnostic, warning
from ..effective import Cell, cells, merged
from ..schema import DIRECTIONS, LEVELS
from ..tree import Entry, Source, entries, get, text
from ..verdict import Action
from .rules_block import words


def check(source: Source) -> Iterator[Diagnostic]:
    """Warns of rules and exceptions that never change anything."""
    for block in ("rules", "exceptions"):
        for item in entries(get(source.root, block)):
            if reason := _impossible(item):
                yield warning(item.mark, "unreachable", f"{block}.{item.key} is never reached: {reason}")
    for item in entries(get(source.root, "rules")):
        reached = _cells(source, item)
        action = next((one for one in Action if one.value == text(get(item.value, "action"))), None)
        if reached and action is not None and all(cell.action >= action for cell in reached):
            message = f"rules.{item.key} changes nothing: the matrix says {action} or more already"
            yield warning(item.mark, "unreachable", message)


def _impossible(item: Entry) -> str:
    when = get(item.value, "when")
    directions, kinds = words(get(when, "direction")), words(get(when, "kind"))
    if get(when, "tool") and directions and not {"output", "tool_result"} & set(directions):
        return "a tool is called in an output and answers in a tool_result"
    if get(when, "tool") and kinds and "text" not in kinds:
        return "calls and results of tools are known by name as text alone"
    if directions == ("output",) and words(get(when, "category")) == ("prompt_attack",):
        return "prompt_attack is looked for in what the model reads, never in its answer"
    return ""


def _cells(source: Source, item: Entry) -> list[Cell]:
    """The cells of the matrix that the rule is about; none where it is about parts, or where lists find things too."""
    when, root = get(item.value, "when"), merged(source)
    if not (get(when, "category") or get(when, "severity")) or any(
        entries(get(root, block)) for block in ("lists", "custom", "pii")
    ):
        return []
    named = words(get(when, "category")) or ("*",)
    least = text(get(when, "severity")) or "minor"
    start = LEVELS.index(least) if least in LEVELS else 0
    slugs = [slug for slug in SLUGS if any(fnmatchcase(slug, name) for name in named)]
    matrix = cells(root)
    return [
        matrix[direction][slug][level]
        for direction in words(get(when, "direction")) or DIRECTIONS
        if direction in matrix
        for slug in slugs
        for level in range(max(start, BY_SLUG[slug].floor - 1), 3)
    ]
