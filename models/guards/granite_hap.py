"""Granite Guardian HAP 38M and 125M: one probability of hate, abuse or profanity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..assessment import Assessed
from ..content import Part
from .asides import texts_only
from .labels import FIRED, Scores, assessed
from .spec import Card, Encoder

COVERS: Final = frozenset({"insult", "discrimination"})


def read(part: Part, found: Mapping[str, float]) -> Assessed:
    """One label for three things, so that either category may be meant."""
    scores = Scores(COVERS)
    for slug in COVERS:
        scores.add(slug, found["HAP"])
    scores.ambiguous = found["HAP"] >= FIRED
    return assessed(part, scores, unsafe=found["HAP"])


GUARD = Encoder(
    card=Card(
        name="granite-hap",
        checkpoint="ibm-granite/granite-guardian-hap-38m",
        sizes="38M, 125M",
        licence="Apache-2.0",
        kinds=("text",),
        covers=COVERS,
        routes=("onnx",),
    ),
    labels=("none", "HAP"),
    activation="softmax",
    read=read,
    aside=texts_only,
)
