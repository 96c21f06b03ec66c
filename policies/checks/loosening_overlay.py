"""A tenant or route that asks for less than the policy gives everybody; and every other fault inside one."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from ..diagnostics import Diagnostic, error
from ..effective import OVERLAYS, cells, merged, overlaid
from ..schema import KINDS
from ..tree import Entry, Fields, Node, Source, entries, get, number, text
from ..verdict import Action
from . import (
    catastrophic_regex,
    category_floor,
    lists_block,
    misplaced_action,
    rules_block,
    sampling_block,
    threshold_range,
    unjudged_block,
    unknown_category,
)

_INSIDE = (
    catastrophic_regex.check,
    category_floor.check,
    lists_block.check,
    misplaced_action.check,
    rules_block.check,
    sampling_block.check,
    threshold_range.check,
    unjudged_block.check,
    unknown_category.check,
)
_HINT = "of an overlay and the policy the stricter one holds, so this line does nothing"


def check(source: Source) -> Iterator[Diagnostic]:
    """Reports every line of an overlay that is weaker than what it lies over."""
    root = merged(source)
    for key in OVERLAYS:
        for item in entries(get(source.root, key)):
            if isinstance(item.value, Fields):
                yield from _overlay(source, root, item, f"{key}.{item.key}")


def _overlay(source: Source, root: Fields, item: Entry, name: str) -> Iterator[Diagnostic]:
    assert isinstance(item.value, Fields)
    alone = Source(file=source.file, text=source.text, root=item.value, base=source)
    for inside in _INSIDE:
        yield from inside(msgspec.structs.replace(alone, root=item.value))
    yield from _matrix(root, item.value, name)
    yield from _thresholds(root, item.value, name)
    yield from _unjudged(root, item.value, name)
    for key in ("lists", "rules"):
        for one in entries(get(item.value, key)):
            if get(root, key, one.key) is not None:
                message = f"{name}.{key}.{one.key} bears the name of one that everybody has"
                yield error(one.mark, "loosens", message, hint="give it another name: both hold")
            if key == "lists" and _true(get(one.value, "allow")):
                yield error(one.mark, "loosens", f"{name}.lists.{one.key} excuses what everybody is held to")


def _matrix(root: Fields, overlay: Fields, name: str) -> Iterator[Diagnostic]:
    below, laid = cells(root), cells(overlaid(root, overlay))
    for direction, rows in laid.items():
        for slug, row in rows.items():
            for mine, theirs in zip(row, below[direction][slug], strict=True):
                weaker = mine.action < theirs.action or (
                    theirs.action is Action.SUPPORT and mine.action is not Action.SUPPORT
                )
                if weaker and mine.mark and mine.mark != theirs.mark:
                    message = f"{name} loosens: {mine.rule} says {mine.action}, and everybody has {theirs.action}"
                    yield error(mine.mark, "loosens", message, hint=_HINT)
                    break


def _thresholds(root: Fields, overlay: Fields, name: str) -> Iterator[Diagnostic]:
    for item in entries(get(overlay, "thresholds")):
        below = get(root, "thresholds", item.key)
        mine, theirs = number(item.value), number(below)
        rate, given = number(get(item.value, "fpr")), number(get(below, "fpr"))
        if (mine is not None and theirs is not None and mine > theirs) or (
            rate is not None and given is not None and rate < given
        ):
            message = f"{name} loosens: the threshold of {item.key} lets more through than everybody's"
            yield error(item.value.mark, "loosens", message, hint=_HINT)


def _unjudged(root: Fields, overlay: Fields, name: str) -> Iterator[Diagnostic]:
    actions = {action.value: action for action in Action}
    mine, theirs = get(overlay, "on_unjudged"), get(root, "on_unjudged")
    for kind in KINDS:
        node = get(mine, kind)
        asked = actions.get(text(node) or "")
        given = Action.REFUSE if text(theirs) == "strict" else actions.get(text(get(theirs, kind)) or "")
        if node is not None and asked is not None and given is not None and asked < given:
            yield _weaker(node, name, f"on_unjudged.{kind}", given.value)
    for key, weak in (("on_error", "open"), ("mode", "monitor")):
        node, given_word = get(overlay, key), text(get(root, key))
        if node is not None and text(node) == weak and given_word != weak:
            yield _weaker(node, name, key, str(given_word))


def _weaker(node: Node, name: str, key: str, given: str) -> Diagnostic:
    return error(node.mark, "loosens", f"{name} loosens: {key} is {given} for everybody", hint=_HINT)


def _true(node: Node | None) -> bool:
    return getattr(node, "value", None) is True
