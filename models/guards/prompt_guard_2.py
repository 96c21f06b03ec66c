"""Llama Prompt Guard 2, 86M and 22M: jailbreaks and injections in 512 tokens; LlamaFirewall blocks from 0.9."""

from __future__ import annotations

from collections.abc import Mapping

from ..assessment import Assessed
from ..content import Part
from .asides import inputs_only
from .injection import COVERS, attack
from .spec import Card, Encoder


def read(part: Part, found: Mapping[str, float]) -> Assessed:
    """The probability of the second label."""
    return attack(part, found["malicious"])


GUARD = Encoder(
    card=Card(
        name="prompt-guard-2",
        checkpoint="meta-llama/Llama-Prompt-Guard-2-86M",
        sizes="22M, 86M",
        licence="Llama 4 Community",
        kinds=("text",),
        covers=COVERS,
        routes=("onnx",),
        judges="prompts",
    ),
    labels=("benign", "malicious"),
    activation="softmax",
    read=read,
    aside=inputs_only,
    threshold=0.9,
)
