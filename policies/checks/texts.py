"""Names and texts that people, models and headers will be shown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..diagnostics import Diagnostic, error
from ..tree import Fields, Items, Node, Source, entries, get, items, text

MAX_CHARS = 4000

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_LANGUAGE = re.compile(r"\*|[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def check(source: Source) -> Iterator[Diagnostic]:
    """Reports a name that fits no header or metric, unknown tags of languages, and texts that are blank or too long."""
    name = get(source.root, "name")
    word = text(name)
    if name and word is not None and not NAME.fullmatch(word):
        hint = "letters, digits, dot, dash and underscore, 64 at most"
        yield error(name.mark, "bad-name", f"{word[:80]!r} cannot be the name of a policy", hint=hint)
    for key, node in _shown(source.root):
        said = text(node)
        if said is not None and not said.strip():
            yield error(node.mark, "bad-text", f"the text of {key} is blank", hint="leave the key out")
        elif said is not None and len(said) > MAX_CHARS:
            yield error(node.mark, "bad-text", f"the text of {key} is longer than {MAX_CHARS} characters")
    for key in ("message", "support"):
        for item in entries(get(source.root, "block", key)):
            if not _LANGUAGE.fullmatch(item.key):
                message = f"{item.key[:80]!r} in block.{key} is no tag of a language"
                yield error(item.mark, "bad-language", message, hint="such as en, de or pt-BR, or * for any")


def _shown(root: Fields) -> Iterator[tuple[str, Node]]:
    """Every text with the path of its key."""
    for item in entries(get(root, "guidelines")):
        yield from _guidelines(item.key, item.value)
    for block, key in (("block", "message"), ("block", "support"), ("sampling", "system")):
        node = get(root, block, key)
        if isinstance(node, Fields):
            yield from ((f"{block}.{key}.{item.key}", item.value) for item in node.entries)
        elif node:
            yield f"{block}.{key}", node


def _guidelines(key: str, node: Node) -> Iterator[tuple[str, Node]]:
    if not isinstance(node, Items):
        yield key, node
    for index, one in enumerate(items(node)):
        if said := get(one, "text"):
            yield f"{key}[{index}]", said
        for phrase in items(get(one, "when")):
            yield f"{key}[{index}].when", phrase
