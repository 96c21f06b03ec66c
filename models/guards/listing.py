"""The guards as `headgate models list` shows them: what each one is, and what a configuration must say to have it."""

from __future__ import annotations

import msgspec

from ..content import Kind
from .catalogue import cards
from .spec import Card

_NEEDS = {"onnx": "path (exported)", "openai": "url, model"}


class Available(msgspec.Struct, frozen=True, kw_only=True):
    """One guard; `needs` lists what an entry of `models` names for each way to run it."""

    name: str
    checkpoint: str
    reads: tuple[Kind, ...]
    judges: str
    covers: tuple[str, ...]
    size: str
    licence: str
    needs: tuple[str, ...]


def available() -> list[Available]:
    """Every guard, by name."""
    return [_shown(card) for card in cards()]


def _shown(card: Card) -> Available:
    return Available(
        name=card.name,
        checkpoint=card.checkpoint,
        reads=card.kinds,
        judges=card.judges,
        covers=tuple(sorted(card.covers)),
        size=card.sizes,
        licence=card.licence,
        needs=tuple(_NEEDS[route] for route in card.routes),
    )
