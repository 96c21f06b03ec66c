"""unitary/unbiased-toxic-roberta: seven kinds of toxicity; the nine identities that it also names are no harm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..assessment import Assessed
from ..content import Part
from .asides import texts_only
from .labels import Scores, assessed
from .spec import Card, Encoder

HARMS: Final[Mapping[str, str]] = {
    "toxicity": "insult",
    "severe_toxicity": "insult",
    "obscene": "insult",
    "identity_attack": "discrimination",
    "insult": "insult",
    "threat": "violence",
    "sexual_explicit": "sexual_content",
}
"""The mapping is ours."""

IDENTITIES: Final = (
    "male", "female", "homosexual_gay_or_lesbian", "christian", "jewish", "muslim", "black", "white",
    "psychiatric_or_mental_illness",
)  # fmt: skip
COVERS: Final = frozenset(HARMS.values())


def read(part: Part, found: Mapping[str, float]) -> Assessed:
    """The likeliest harm is `unsafe`; identities are left aside."""
    scores = Scores(COVERS)
    for label, slug in HARMS.items():
        scores.add(slug, found[label])
    return assessed(part, scores, unsafe=max(found[label] for label in HARMS))


GUARD = Encoder(
    card=Card(
        name="unbiased-toxic-roberta",
        checkpoint="unitary/unbiased-toxic-roberta",
        sizes="125M",
        licence="Apache-2.0",
        kinds=("text",),
        covers=COVERS,
        routes=("onnx",),
    ),
    labels=(*HARMS, *IDENTITIES),
    activation="sigmoid",
    read=read,
    aside=texts_only,
)
