"""A stream block that cannot be followed."""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostics import Diagnostic, error, warning
from ..effective import merged
from ..tree import Source, entry, get, number, text
from .ranges import Range, outside

_RANGES = {"max_exposed_chars": Range(0, 100_000), "debounce": Range(1, 10), "corrections": Range(0, 8)}


def check(source: Source) -> Iterator[Diagnostic]:
    """Reports numbers out of range, an exposure that never happens, and corrections that nobody makes."""
    block = get(source.root, "stream")
    yield from outside(block, name="stream", ranges=_RANGES)
    node = get(block, "max_exposed_chars")
    if node and text(get(block, "hold")) == "answer" and (number(node) or 0) > 0:
        yield warning(node.mark, "unused", "nothing is exposed while the whole answer is held", hint="hold: sentence")
    corrections = get(block, "corrections")
    if corrections and (number(corrections) or 0) > 0 and not entry(get(merged(source), "services"), "corrector"):
        message = "stream.corrections asks the helper model 'corrector', which services does not name"
        yield error(corrections.mark, "no-service", message, hint="services: {corrector: {url: …, model: …}}")
