"""Thresholds between which content falls into the wrong place."""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostics import Diagnostic, warning
from ..effective import merged
from ..tree import Source, entries, get, number


def check(source: Source) -> Iterator[Diagnostic]:
    """Warns of a category's threshold over the default one: a part is flagged before the category can count."""
    root = merged(source)
    default = number(get(root, "thresholds", "default"))
    if default is None:
        return
    ours = get(source.root, "thresholds", "default") is not None
    for item in entries(get(root, "thresholds")):
        at = number(item.value)
        mine = item.mark.file == source.file
        if item.key in ("default", "sensitive") or at is None or not default < at <= 1 or not (mine or ours):
            continue
        message = f"between {default:g} (default) and {at:g} a text is flagged and {item.key} does not count by itself"
        place = item.value if mine else get(source.root, "thresholds", "default")
        hint = f"a threshold of {default:g} or less, or a higher default"
        if place is not None:
            yield warning(place.mark, "threshold-gap", message, hint=hint)
