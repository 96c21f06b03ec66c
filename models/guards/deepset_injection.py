"""deepset's prompt injection classifier (deberta-v3-base)."""

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
        name="deepset-injection",
        checkpoint="deepset/deberta-v3-base-injection",
        sizes="184M",
        licence="MIT",
        kinds=("text",),
        covers=COVERS,
        routes=("onnx",),
        judges="prompts",
    ),
    labels=("LEGIT", "INJECTION"),
    activation="softmax",
    read=read,
    aside=inputs_only,
)
