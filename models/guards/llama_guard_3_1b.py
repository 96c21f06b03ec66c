"""Llama Guard 3 1B: 13 hazards; its chat template takes lists of content parts (PurpleLlama, Llama-Guard3/1B)."""

from __future__ import annotations

from .hazards import CHOICES, Hazards
from .spec import Card, Generative

HAZARDS = Hazards(count=13, gap=" ", listed=True)

GUARD = Generative(
    card=Card(
        name="llama-guard-3-1b",
        checkpoint="meta-llama/Llama-Guard-3-1B",
        sizes="1B",
        licence="Llama 3.2 Community",
        kinds=("text",),
        covers=HAZARDS.covers,
        routes=("openai", "onnx"),
    ),
    asks=HAZARDS.asks,
    read=HAZARDS.read,
    rendered=True,
    words=CHOICES,
)
