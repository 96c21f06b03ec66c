"""unitary/toxic-bert: six sigmoids of the first Jigsaw challenge. A filter of insults, blind to harmful questions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..assessment import Assessed
from ..content import Part
from .asides import texts_only
from .labels import Scores, assessed
from .spec import Card, Encoder

LABELS: Final[Mapping[str, str]] = {
    "toxic": "insult",
    "severe_toxic": "insult",
    "obscene": "insult",
    "threat": "violence",
    "insult": "insult",
    "identity_hate": "discrimination",
}
"""The mapping is ours."""

COVERS: Final = frozenset(LABELS.values())


def read(part: Part, found: Mapping[str, float]) -> Assessed:
    """The likeliest label is `unsafe`."""
    scores = Scores(COVERS)
    for label, slug in LABELS.items():
        scores.add(slug, found[label])
    return assessed(part, scores, unsafe=max(found.values()))


GUARD = Encoder(
    card=Card(
        name="toxic-bert",
        checkpoint="unitary/toxic-bert",
        sizes="110M",
        licence="Apache-2.0",
        kinds=("text",),
        covers=COVERS,
        routes=("onnx",),
    ),
    labels=tuple(LABELS),
    activation="sigmoid",
    read=read,
    aside=texts_only,
)
