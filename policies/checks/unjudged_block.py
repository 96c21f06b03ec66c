"""What is done with parts that nobody judged."""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostics import Diagnostic, error, warning
from ..schema import POSSIBLE_UNJUDGED
from ..tree import Source, entries, get, text
from ..verdict import Action


def check(source: Source) -> Iterator[Diagnostic]:
    """Reports actions that need a judgement, and warns where unjudged text passes without a trace."""
    for item in entries(get(source.root, "on_unjudged")):
        action = text(item.value)
        if action in {one.value for one in Action} and action not in POSSIBLE_UNJUDGED:
            message = f"{action!r} cannot be done with a part that nobody judged"
            yield error(item.value.mark, "misplaced-action", message, hint=f"valid: {', '.join(POSSIBLE_UNJUDGED)}")
        elif action == "allow" and item.key == "text":
            message = "text that nobody judged would pass without a trace"
            yield warning(item.value.mark, "unjudged-passes", message, hint="flag lets it pass and says so")
