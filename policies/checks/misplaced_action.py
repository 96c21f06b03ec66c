"""An action that cannot be taken in the direction it stands in."""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostics import Diagnostic, error
from ..schema import DIRECTIONS, POSSIBLE
from ..tree import Node, Scalar, Source, entries, get
from ..verdict import Action


def check(source: Source) -> Iterator[Diagnostic]:
    """Reports such actions in the rows of directions and of categories."""
    for direction in DIRECTIONS:
        yield from _misplaced(get(source.root, direction), direction)
        for category in entries(get(source.root, "categories")):
            yield from _misplaced(get(category.value, direction), direction)


def _misplaced(node: Node | None, direction: str) -> Iterator[Diagnostic]:
    for value in (node, *(item.value for item in entries(node))):
        if not isinstance(value, Scalar) or value.value not in {action.value for action in Action}:
            continue
        if value.value not in POSSIBLE[direction]:
            message = f"{value.value!r} cannot be done with {_NAMES[direction]}"
            hint = f"{_REASONS.get(str(value.value), '')}valid: {', '.join(POSSIBLE[direction])}"
            yield error(value.mark, "misplaced-action", message, hint=hint)


_NAMES = {"input": "an input", "output": "an output", "tool_result": "a tool result", "document": "a document"}
_REASONS = {
    "regenerate": "only the model's own answer can be made again; ",
    "correct": "only the model's own answer can be corrected; ",
    "guideline": "guidance is given before the answer; ",
    "support": "support answers a person; ",
}
