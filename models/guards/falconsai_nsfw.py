"""Falconsai/nsfw_image_detection: a ViT of 224 pixels, mean and deviation 0.5, with labels normal and nsfw."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..assessment import Assessed
from ..content import Part
from .asides import images_only
from .labels import Scores, assessed
from .spec import Card, Encoder

COVERS: Final = frozenset({"sexual_content"})


def read(part: Part, found: Mapping[str, float]) -> Assessed:
    """P(nsfw)."""
    scores = Scores(COVERS)
    scores.add("sexual_content", found["nsfw"])
    return assessed(part, scores, unsafe=found["nsfw"])


GUARD = Encoder(
    card=Card(
        name="falconsai-nsfw",
        checkpoint="Falconsai/nsfw_image_detection",
        sizes="86M",
        licence="Apache-2.0",
        kinds=("image",),
        covers=COVERS,
        routes=("onnx",),
        judges="images",
    ),
    labels=("normal", "nsfw"),
    activation="softmax",
    read=read,
    aside=images_only,
    window=224,
)
