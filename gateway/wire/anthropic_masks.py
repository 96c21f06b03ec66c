"""Masks in an Anthropic request: what nobody further on may see is replaced by something upstream still accepts."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from ...guard.places import blanked, located
from ...guard.redact import MASK


def masked_request(body: dict[str, Any], paths: Iterable[str]) -> dict[str, Any]:
    """A copy in which every part at one of the paths is masked.

    A text becomes a mask, a call's input is emptied, a tool keeps its shape, and another field is left out. A block
    that is no text, and thinking, whose signature would no longer hold, become a text block, so that no index moves.
    A path that leads nowhere is passed over: what it led to was taken out with what held it.
    """
    changed = copy.deepcopy(body)
    for path in paths:
        try:
            container, key = located(changed, path)
        except KeyError:
            continue
        value = container[key]
        if path.startswith("tools"):
            container[key] = blanked(value)
        elif key == "thinking" and container.get("type") == "thinking":
            _to_text(container)
        elif isinstance(value, str):
            container[key] = MASK
        elif isinstance(key, int) and isinstance(value, dict):
            _to_text(value)
        elif key == "input":
            container[key] = {}
        elif key == "content" and container is not changed:
            # A result of one of Anthropic's own tools has a shape that no mask fits.
            _to_text(container)
        else:
            del container[key]
    return changed


def _to_text(block: dict[str, Any]) -> None:
    block.clear()
    block.update(type="text", text=MASK)
