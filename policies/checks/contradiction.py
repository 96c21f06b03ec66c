"""Lines that say the opposite of one another."""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostics import Diagnostic, error
from ..effective import merged
from ..tree import Entry, Node, Scalar, Source, entries, get, items, plain, text
from ..verdict import Action


def check(source: Source) -> Iterator[Diagnostic]:
    """Reports exceptions that undo a rule, words that are listed and excused, and examples on both sides."""
    root = merged(source)
    rules = entries(get(root, "rules"))
    for item in entries(get(source.root, "exceptions")):
        for rule in rules:
            if _undoes(item, rule):
                message = f"exceptions.{item.key} undoes rules.{rule.key}: both hold under the same circumstances"
                yield error(item.mark, "contradiction", message, hint="take one of them out")
    yield from _listed(source, root)
    for item in entries(get(source.root, "custom")):
        for one in _shared(get(item.value, "counterexamples"), [get(item.value, "examples")]):
            message = f"custom.{item.key} has this both as an example and as a counterexample"
            yield error(one.mark, "contradiction", message)


def _listed(source: Source, root: Node) -> Iterator[Diagnostic]:
    blocked = {
        item.key: get(item.value, "words") for item in entries(get(root, "lists")) if not _is(item.value, "allow")
    }
    for item in entries(get(source.root, "lists")):
        if not _is(item.value, "allow"):
            continue
        for name, words in blocked.items():
            for one in _shared(get(item.value, "words"), [words]):
                message = f"lists.{item.key} excuses what lists.{name} looks for"
                yield error(one.mark, "contradiction", message, hint="excuse the longer text that it may stand in")


def _undoes(exception: Entry, rule: Entry) -> bool:
    mine, theirs = get(exception.value, "when"), get(rule.value, "when")
    if mine is None or theirs is None or plain(mine) != plain(theirs):
        return False
    asked = next((action for action in Action if action.value == text(get(rule.value, "action"))), Action.ALLOW)
    granted = Action.ALLOW if text(get(exception.value, "action")) == "allow" else Action.FLAG
    return granted < asked


def _shared(node: Node | None, others: list[Node | None]) -> Iterator[Node]:
    known = {str(text(one)).casefold() for other in others for one in items(other)}
    yield from (one for one in items(node) if str(text(one)).casefold() in known)


def _is(node: Node, key: str) -> bool:
    found = get(node, key)
    return isinstance(found, Scalar) and found.value is True
