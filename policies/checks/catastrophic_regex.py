"""Regular expressions that cannot be run in linear time, or that find everything."""

from __future__ import annotations

from collections.abc import Iterator

from ...models.errors import ConfigError
from ..diagnostics import Diagnostic, error
from ..seek.patterns import BadPattern, compiled
from ..tree import Source, entries, get, items, text

_HINT = "RE2 knows no back references and no look-around: what they cost grows beyond bounds"


def check(source: Source) -> Iterator[Diagnostic]:
    """Reports every expression that RE2 refuses, and that RE2 is missing where one is written."""
    for item in entries(get(source.root, "lists")):
        for index, node in enumerate(items(get(item.value, "regex"))):
            word = text(node)
            if word is None or not word.strip():
                continue
            try:
                compiled(word, ignore_case=True)
            except BadPattern as fault:
                message = f"lists.{item.key}.regex[{index}]: {fault}"
                yield error(node.mark, "bad-regex", message, hint="" if "empty text" in str(fault) else _HINT)
            except ConfigError as missing:
                yield error(node.mark, "no-regex", str(missing))
                return
