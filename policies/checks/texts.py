"""Names and texts that people and headers will show."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..diagnostics import Diagnostic, error
from ..tree import Source, entries, get, text

MAX_CHARS = 4000

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def check(source: Source) -> Iterator[Diagnostic]:
    """Reports a name that fits no header or metric, and texts that are blank or too long."""
    name = get(source.root, "name")
    word = text(name)
    if name and word is not None and not _NAME.fullmatch(word):
        hint = "letters, digits, dot, dash and underscore, 64 at most"
        yield error(name.mark, "bad-name", f"{word[:80]!r} cannot be the name of a policy", hint=hint)
    shown = {item.key: item.value for item in entries(get(source.root, "guidelines"))}
    for block, key in (("block", "message"), ("block", "support"), ("sampling", "system")):
        node = get(source.root, block, key)
        if node:
            shown[f"{block}.{key}"] = node
    for key, node in shown.items():
        said = text(node)
        if said is not None and not said.strip():
            yield error(node.mark, "bad-text", f"the text of {key} is blank", hint="leave the key out")
        elif said is not None and len(said) > MAX_CHARS:
            yield error(node.mark, "bad-text", f"the text of {key} is longer than {MAX_CHARS} characters")
