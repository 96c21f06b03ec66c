"""A media block whose bounds no fetch could keep, or whose hosts are none."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..diagnostics import Diagnostic, error
from ..tree import Source, get, items, text
from .ranges import Range, outside

_RANGES = {"max_bytes": Range(1024, 256 << 20), "seconds": Range(0.1, 60)}
_HOST = re.compile(r"(?:\*\.)?[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")


def check(source: Source) -> Iterator[Diagnostic]:
    """Reports bounds out of range, and hosts that are no names."""
    block = get(source.root, "media")
    yield from outside(block, name="media", ranges=_RANGES)
    for node in items(get(block, "hosts")):
        name = text(node)
        if name is not None and not _HOST.fullmatch(name):
            message = f"media.hosts: {name!r} is no host's name"
            yield error(node.mark, "bad-host", message, hint="write images.example.org, or *.example.org")
