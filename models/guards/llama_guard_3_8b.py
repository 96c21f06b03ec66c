"""Llama Guard 3 8B: 14 hazards, prompts and answers in eight languages (meta-llama/PurpleLlama, Llama-Guard3/8B)."""

from __future__ import annotations

from .hazards import CHOICES, Hazards
from .spec import Card, Generative

HAZARDS = Hazards(count=14)

GUARD = Generative(
    card=Card(
        name="llama-guard-3-8b",
        checkpoint="meta-llama/Llama-Guard-3-8B",
        sizes="8B",
        licence="Llama 3.1 Community",
        kinds=("text",),
        covers=HAZARDS.covers,
        routes=("openai", "onnx"),
    ),
    asks=HAZARDS.asks,
    read=HAZARDS.read,
    rendered=True,
    words=CHOICES,
)
