"""Lists and own categories that find nothing, or everything."""

from __future__ import annotations

from collections.abc import Iterator

from ...models.taxonomy import SLUGS
from ..compile_rules import list_file
from ..diagnostics import Diagnostic, error, suggest
from ..seek.entries import entries_of
from ..tree import Entry, Fields, Source, entries, get, items, text
from .ranges import Range, outside
from .rules_block import misplaced

MAX_BYTES = 64 * 1024 * 1024
"""The largest file of a list."""

_RANGES = {"threshold": Range(0.05, 1)}


def check(source: Source) -> Iterator[Diagnostic]:
    """Reports empty lists, blank words, files that cannot be read, unknown categories and actions out of place."""
    for block in ("lists", "custom"):
        for item in entries(get(source.root, block)):
            if entries(item.value):
                yield from _category(item, block)
                name = f"{block}.{item.key}"
                yield from misplaced(get(item.value, "action"), get(item.value, "direction"), name)
                yield from _blank(item, name)
    for item in entries(get(source.root, "lists")):
        yield from _file(item)
        if isinstance(item.value, Fields) and not any(get(item.value, key) for key in ("words", "regex", "file")):
            message = f"lists.{item.key} lists nothing"
            yield error(item.mark, "empty-list", message, hint="words: […], regex: […] or file: words.txt")
    for item in entries(get(source.root, "custom")):
        yield from outside(item.value, name=f"custom.{item.key}", ranges=_RANGES)
        given = items(get(item.value, "examples")) or get(item.value, "description")
        if isinstance(item.value, Fields) and not given:
            message = f"custom.{item.key} has neither examples nor a description"
            yield error(item.mark, "empty-list", message, hint="examples: […], ten or more, or description: a sentence")


def _category(item: Entry, block: str) -> Iterator[Diagnostic]:
    node = get(item.value, "category")
    word = text(node)
    if node is not None and word is not None and word not in SLUGS:
        message = f"unknown category {word!r} in {block}.{item.key}"
        yield error(node.mark, "unknown-category", message, hint=suggest(word, SLUGS))


def _blank(item: Entry, name: str) -> Iterator[Diagnostic]:
    for key in ("words", "regex", "examples", "counterexamples", "description"):
        node = get(item.value, key)
        for one in items(node) if key != "description" else [node] if node else []:
            word = text(one)
            if word is not None and not word.strip():
                yield error(one.mark, "bad-word", f"{name}.{key} holds a blank text")


def _file(item: Entry) -> Iterator[Diagnostic]:
    node = get(item.value, "file")
    path = list_file(node)
    if node is None or path is None:
        return
    try:
        found = entries_of(path.read_bytes()) if path.stat().st_size <= MAX_BYTES else None
    except OSError as failure:
        yield error(node.mark, "bad-file", f"lists.{item.key}.file cannot be read: {failure.strerror or failure}")
    except (UnicodeDecodeError, ValueError):
        yield error(node.mark, "bad-file", f"lists.{item.key}.file is not a text in UTF-8")
    else:
        if found is None:
            yield error(node.mark, "bad-file", f"lists.{item.key}.file is larger than {MAX_BYTES >> 20} MiB")
        elif not found:
            yield error(node.mark, "bad-file", f"lists.{item.key}.file has no entries", hint="one entry a line")
