"""What is known of each architecture before it is exported: its inputs, free axes, tasks and tolerances."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from ..models.errors import ConfigError
from ..models.exported import Axes, Task, Tolerance

Precision: TypeAlias = Literal["fp32", "fp16", "bf16", "int8", "fp8"]
PRECISIONS: tuple[Precision, ...] = ("fp32", "fp16", "bf16", "int8", "fp8")

TOLERANCES: dict[Precision, Tolerance] = {
    "fp32": Tolerance(logits=1e-3, flips=0.0),
    "fp16": Tolerance(logits=0.05, flips=0.01),
    "bf16": Tolerance(logits=0.25, flips=0.02),
    "int8": Tolerance(logits=1.0, flips=0.02),
    "fp8": Tolerance(logits=1.0, flips=0.02),
}
"""What an export may differ by unless its architecture or the command line says otherwise."""


class Spec(msgspec.Struct, frozen=True, kw_only=True):
    """One architecture by its `model_type` in config.json.

    `inputs` are what a text graph reads; `tolerances` stand in for the general ones.
    """

    model_type: str
    tasks: tuple[Task, ...] = ("classification",)
    modality: Literal["text", "image"] = "text"
    inputs: tuple[str, ...] = ("input_ids", "attention_mask")
    tolerances: dict[Precision, Tolerance] = {}

    def tolerance(self, precision: Precision) -> Tolerance:
        """The tolerance in a precision."""
        return self.tolerances.get(precision, TOLERANCES[precision])

    def axes(self, height: int = 0, width: int = 0) -> tuple[Axes, ...]:
        """The graph's inputs with their free axes; `height` and `width` are those of an image."""
        if self.modality == "image":
            return (Axes(name="pixel_values", dtype="float32", shape=("batch", 3, height, width)),)
        return tuple(Axes(name=name, dtype="int64", shape=("batch", "sequence")) for name in self.inputs)


_PAIRED = ("input_ids", "attention_mask", "token_type_ids")
_DECODER: tuple[Task, ...] = ("first_token", "classification")
# Its scores are sums of three products, each rounded, and its masks are the lowest float there is.
_DEBERTA: dict[Precision, Tolerance] = {
    "fp16": Tolerance(logits=0.1, flips=0.02),
    "bf16": Tolerance(logits=0.5, flips=0.03),
}
# A residual stream of some thousands over dozens of layers: float32 itself rounds at 1e-3 there.
_DEEP: dict[Precision, Tolerance] = {
    "fp32": Tolerance(logits=5e-3, flips=0.0),
    "fp16": Tolerance(logits=0.1, flips=0.01),
    "bf16": Tolerance(logits=0.5, flips=0.03),
}

SPECS: dict[str, Spec] = {
    spec.model_type: spec
    for spec in (
        Spec(model_type="bert", inputs=_PAIRED),
        Spec(model_type="distilbert"),
        Spec(model_type="roberta"),
        Spec(model_type="xlm-roberta"),
        Spec(model_type="deberta", inputs=_PAIRED, tolerances=_DEBERTA),
        Spec(model_type="deberta-v2", inputs=_PAIRED, tolerances=_DEBERTA),
        Spec(model_type="modernbert"),
        Spec(model_type="vit", modality="image"),
        Spec(model_type="siglip", modality="image"),
        Spec(model_type="clip", modality="image"),
        *(
            Spec(model_type=name, tasks=_DECODER, tolerances=_DEEP)
            for name in ("llama", "qwen2", "qwen3", "gemma", "gemma2", "gemma3_text", "mistral")
        ),
    )
}
"""Every architecture that can be exported."""


def spec_of(model_type: str) -> Spec:
    """The spec of an architecture; ConfigError lists those there are."""
    if model_type not in SPECS:
        raise ConfigError(f"architecture {model_type!r} cannot be exported; these can: {', '.join(sorted(SPECS))}")
    return SPECS[model_type]
