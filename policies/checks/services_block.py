"""A helper model that could not be asked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import SplitResult, urlsplit

from ..diagnostics import Diagnostic, error, warning
from ..tree import Node, Source, entries, get, text
from .ranges import Range, outside

_RANGES = {"timeout": Range(0.1, 600)}
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_EXAMPLE = "such as http://localhost:8000/v1"


def check(source: Source) -> Iterator[Diagnostic]:
    """Reports addresses that lead nowhere or hold a password, blank names, odd times, and a helper nobody asks."""
    for item in entries(get(source.root, "services")):
        name = f"services.{item.key}"
        if item.key == "critic" and entries(item.value):
            yield warning(item.mark, "unused", "services.critic is asked by no strategy: critiques are written here")
        yield from outside(item.value, name=name, ranges=_RANGES)
        yield from _url(get(item.value, "url"), name)
        model, variable = get(item.value, "model"), get(item.value, "key_env")
        if model is not None and (word := text(model)) is not None and not word.strip():
            yield error(model.mark, "bad-service", f"{name}.model is blank")
        if variable is not None and (word := text(variable)) is not None and not _VARIABLE.fullmatch(word):
            # Never shown: what stands here by mistake is likely to be the key itself.
            hint = "the name of an environment variable, such as CORRECTOR_KEY"
            yield error(variable.mark, "bad-service", f"{name}.key_env is not the name of a variable", hint=hint)


def _url(node: Node | None, name: str) -> Iterator[Diagnostic]:
    word = text(node)
    if node is None or word is None:
        return
    parts = _split(word)
    if parts is None or parts.query or parts.fragment:
        yield error(node.mark, "bad-service", f"{name}.url must be a URL", hint=_EXAMPLE)
    elif parts.username or parts.password:
        yield error(node.mark, "bad-service", f"{name}.url must not hold a password", hint="name it in key_env")
    elif parts.path.rstrip("/").endswith("/completions"):
        message = f"{name}.url must be the base URL, without /completions or /chat/completions"
        yield error(node.mark, "bad-service", message, hint=_EXAMPLE)


def _split(word: str) -> SplitResult | None:
    """The parts of an address that a request could be sent to; None for any other text."""
    try:
        parts = urlsplit(word)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return None
    return parts if valid else None
