"""A case that tests nothing, or expects what can never be."""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostics import Diagnostic, error
from ..schema import POSSIBLE
from ..tree import Node, Source, entries, entry, get, items, number, text


def check(source: Source) -> Iterator[Diagnostic]:
    """Reports cases without content, with content given twice, in the wrong direction, or with impossible scores."""
    for case in items(get(source.root, "cases")):
        yield from _content(case)
        yield from _direction(case)
        yield from _scores(case)


def _content(case: Node) -> Iterator[Diagnostic]:
    prompt, same, response = entry(case, "prompt"), entry(case, "input"), entry(case, "response")
    if prompt and same:
        yield error(same.mark, "bad-case", "`input` and `prompt` mean the same; give one")
    if not (prompt or same or response or entry(case, "scores")):
        hint = "give a prompt, a response or scores"
        yield error(case.mark, "bad-case", "the case has nothing to judge", hint=hint)


def _direction(case: Node) -> Iterator[Diagnostic]:
    named = get(case, "direction")
    response = entry(case, "response")
    direction = text(named) or ("output" if response else "input")
    if named and response and direction != "output":
        yield error(named.mark, "bad-case", f"a case with a response judges an output, not {direction}")
    expected = get(case, "expect")
    # A prompt may be refused before any answer: with both, whatever fits one of the two can happen.
    possible = POSSIBLE.get(direction, ()) + (POSSIBLE["input"] if response else ())
    if expected and direction in POSSIBLE and text(expected) not in possible and text(expected) in _every():
        message = f"{text(expected)!r} never happens to {direction} alone"
        yield error(expected.mark, "bad-case", message, hint=f"valid: {', '.join(dict.fromkeys(possible))}")


def _scores(case: Node) -> Iterator[Diagnostic]:
    scores = get(case, "scores")
    chances = [get(scores, "unsafe"), get(scores, "sensitive")]
    chances += [item.value for item in entries(get(scores, "categories"))]
    for node in chances:
        value = number(node)
        if node and value is not None and not 0 <= value <= 1:
            yield error(node.mark, "bad-case", f"a score of {value:g} is not between 0 and 1")
    severity = get(scores, "severity")
    level = number(severity)
    if severity and level is not None and level not in (0, 1, 2, 3):
        yield error(severity.mark, "bad-case", f"severity {level:g} is none of 0, 1, 2, 3")


def _every() -> set[str]:
    return {action for actions in POSSIBLE.values() for action in actions}
