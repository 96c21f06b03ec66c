"""A sampling block that no sampler could follow."""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostics import Diagnostic, error
from ..tree import Source, get, items, text
from .ranges import Range, outside

_RANGES = {
    "temperature.max": Range(0, 2),
    "top_p.max": Range(0.01, 1),
    "top_k.max": Range(1, 100_000),
    "n.max": Range(1, 128),
    "max_tokens.max": Range(1, 10_000_000),
}
_NEEDED = ("model", "messages", "stream", "input", "prompt", "tools")


def check(source: Source) -> Iterator[Diagnostic]:
    """Reports bounds out of range, and dropped parameters without which a request means something else."""
    block = get(source.root, "sampling")
    yield from outside(block, name="sampling", ranges=_RANGES)
    for node in items(get(block, "drop")):
        name = text(node)
        if name in _NEEDED:
            message = f"sampling.drop cannot drop {name!r}: a request is nothing without it"
            yield error(node.mark, "bad-drop", message, hint="it drops what steers the sampler, such as logit_bias")
