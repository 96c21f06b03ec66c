"""Llama Guard 4 12B: 14 hazards in texts and images; the prompt is its own chat template's, so a server runs it."""

from __future__ import annotations

from .hazards import Hazards
from .spec import Card, Generative

HAZARDS = Hazards(count=14, listed=True, rendered=False)

GUARD = Generative(
    card=Card(
        name="llama-guard-4",
        checkpoint="meta-llama/Llama-Guard-4-12B",
        sizes="12B",
        licence="Llama 4 Community",
        kinds=("text", "image"),
        covers=HAZARDS.covers,
        routes=("openai",),
    ),
    asks=HAZARDS.asks,
    read=HAZARDS.read,
)
