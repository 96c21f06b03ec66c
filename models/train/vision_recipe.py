"""Training of the heads over frozen frame encoders: rows embedded once, a head trained on vectors, a graph written.

Published data go through `rows_of`: BeaverTails-V (question, image, category, `image_severity`) and SafeSora (prompt,
video, labels). Both are for research alone (CC BY-NC 4.0), so that what is trained on them is not shipped here.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt
import torch

from ..assemble import FUSED
from ..crosswalk import Taxonomy, labels
from ..errors import ConfigError
from ..fused import FusedCard
from .vision_heads import ImageHead, TemporalHead, loss

Vectors: TypeAlias = npt.NDArray[np.float32]
HEAD = "head.onnx"
_SAFE = "safe"


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """What is trained and how; the defaults are those of the published video log (8 frames, AdamW 1e-5, 10 epochs)."""

    kind: Literal["image", "video"]
    taxonomy: Taxonomy
    frames: int = 8
    epochs: int = 10
    batch: int = 16
    rate: float = 1e-5
    without_prompt: float = 0.15
    seed: int = 17
    hidden: int = 768
    layers: int = 4


class VisionRow(msgspec.Struct, frozen=True, kw_only=True):
    """An embedded example: frames [frames, D] and prompt [D] of length one, its labels and severity (None: unknown)."""

    frames: Vectors
    prompt: Vectors
    unsafe: float
    labels: tuple[str, ...] = ()
    severity: int | None = None


def head_of(recipe: Recipe, *, width: int) -> ImageHead | TemporalHead:
    """An untrained head for vectors of `width`."""
    torch.manual_seed(recipe.seed)
    count = len(labels(recipe.taxonomy))
    if recipe.kind == "image":
        return ImageHead(width=width, labels=count, hidden=recipe.hidden)
    return TemporalHead(width=width, labels=count, frames=recipe.frames, hidden=recipe.hidden, layers=recipe.layers)


def train(rows: Sequence[VisionRow], recipe: Recipe) -> ImageHead | TemporalHead:
    """A head trained on the rows, in evaluation mode; the same rows, recipe and machine give the same head."""
    if not rows:
        raise ConfigError("there is nothing to train on")
    head = head_of(recipe, width=rows[0].prompt.shape[0]).train()
    order = np.random.default_rng(recipe.seed)
    optimiser = torch.optim.AdamW(head.parameters(), lr=recipe.rate)
    for _ in range(recipe.epochs):
        places = order.permutation(len(rows))
        for start in range(0, len(rows), recipe.batch):
            batch = [rows[at] for at in places[start : start + recipe.batch]]
            optimiser.zero_grad()
            cost = _loss(head, batch, recipe, silent=order.random(len(batch)) < recipe.without_prompt)
            cost.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
    return head.eval()


def write(head: ImageHead | TemporalHead, recipe: Recipe, folder: Path, *, name: str, licence: str) -> FusedCard:
    """The head's graph beside the encoder's graphs in `folder`, and the card that `models.fused` reads."""
    count = 1 if recipe.kind == "image" else recipe.frames
    torch.onnx.export(
        head.eval(),
        (torch.zeros(2, count, head.width), torch.zeros(2, head.width)),
        str(folder / HEAD),
        dynamo=False,
        input_names=["frames", "prompt"],
        output_names=["logits"],
        dynamic_axes={name: {0: "batch"} for name in ("frames", "prompt", "logits")},
        opset_version=17,
    )
    card = FusedCard.of(folder, name=name, licence=licence, kind=recipe.kind, taxonomy=recipe.taxonomy, frames=count)
    (folder / FUSED).write_bytes(msgspec.json.format(msgspec.json.encode(card), indent=2))
    return card


def _loss(
    head: ImageHead | TemporalHead, batch: Sequence[VisionRow], recipe: Recipe, *, silent: npt.NDArray[np.bool_]
) -> torch.Tensor:
    known = labels(recipe.taxonomy)
    prompt = np.stack([row.prompt for row in batch]) * ~silent[:, np.newaxis]
    logits = head(
        torch.from_numpy(np.stack([row.frames for row in batch]).astype(np.float32)),
        torch.from_numpy(prompt.astype(np.float32)),
    )
    marks = torch.tensor([[float(label in row.labels) for label in known] for row in batch])
    severity = torch.tensor([-1 if row.severity is None else row.severity for row in batch])
    return loss(
        logits,
        unsafe=torch.tensor([row.unsafe for row in batch]),
        labels=marks,
        severity=severity if recipe.kind == "image" else None,
    )


def beavertails_v(row: dict[str, object], *, frames: Vectors, prompt: Vectors) -> VisionRow:
    """A row of BeaverTails-V: `category`, and `image_severity` 1 to 3; ConfigError for a category that there is not."""
    category = str(row["category"])
    if category not in labels("BTV"):
        raise ConfigError(f"BeaverTails-V has no category {category!r}")
    grade = row.get("image_severity")
    severity = int(grade) if isinstance(grade, (int, str)) and str(grade).isdigit() else None
    harmless = severity == 0
    return VisionRow(
        frames=frames,
        prompt=prompt,
        unsafe=0.0 if harmless else 1.0,
        labels=() if harmless else (category,),
        severity=severity,
    )


def safesora(row: dict[str, object], *, frames: Vectors, prompt: Vectors) -> VisionRow:
    """A row of SafeSora: `is_safe` and `video_labels`, names or a mapping of them; unknown names are refused."""
    given = row.get("video_labels") or ()
    names = [str(one) for one, on in given.items() if on] if isinstance(given, dict) else [str(one) for one in given]  # type: ignore[attr-defined]
    found = tuple(name for name in names if name != _SAFE)
    unknown = [name for name in found if name not in labels("SS")]
    if unknown:
        raise ConfigError(f"SafeSora has no label {unknown[0]!r}")
    return VisionRow(frames=frames, prompt=prompt, unsafe=float(not row.get("is_safe")), labels=found)
