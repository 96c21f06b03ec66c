"""Llama Guard 3 11B Vision: 13 hazards in a text with at most one image (PurpleLlama, Llama-Guard3/11B-vision)."""

from __future__ import annotations

from .hazards import Hazards
from .spec import Card, Generative

HAZARDS = Hazards(count=13, gap=" ", listed=True)

GUARD = Generative(
    card=Card(
        name="llama-guard-3-vision",
        checkpoint="meta-llama/Llama-Guard-3-11B-Vision",
        sizes="11B",
        licence="Llama 3.2 Community",
        kinds=("text", "image"),
        covers=HAZARDS.covers,
        routes=("openai",),
    ),
    asks=HAZARDS.asks,
    read=HAZARDS.read,
)
