"""ProtectAI's prompt injection classifier (deberta-v3-base, v1 and v2); llm-guard blocks from 0.92."""

from __future__ import annotations

from collections.abc import Mapping

from ..assessment import Assessed
from ..content import Part
from .asides import inputs_only
from .injection import COVERS, attack
from .spec import Card, Encoder


def read(part: Part, found: Mapping[str, float]) -> Assessed:
    """The probability of INJECTION."""
    return attack(part, found["INJECTION"])


GUARD = Encoder(
    card=Card(
        name="protectai-injection",
        checkpoint="protectai/deberta-v3-base-prompt-injection-v2",
        sizes="184M",
        licence="Apache-2.0",
        kinds=("text",),
        covers=COVERS,
        routes=("onnx",),
        judges="prompts",
    ),
    labels=("SAFE", "INJECTION"),
    activation="softmax",
    read=read,
    aside=inputs_only,
    threshold=0.92,
)
