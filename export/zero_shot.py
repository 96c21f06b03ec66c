"""Writes a SigLIP or CLIP checkpoint as two graphs, pictures and texts to vectors, for `models.zero_shot`."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import numpy as np

from ..models.errors import ConfigError, ExportRefused
from ..models.exported import Axes, Pixels
from ..models.zero_shot import MANIFEST, ZeroShotCard
from .onnx import Feeds, run_graph, run_network, write
from .pixels import pixels
from .write import entries

TOLERANCE = 1e-3
"""Absolute difference that a vector's element may have."""
_SUPPORTED = ("siglip", "clip")


def write_zero_shot(checkpoint: Path, out: Path, *, name: str = "", licence: str = "unknown") -> ZeroShotCard:
    """The folder `out` with both graphs, the tokenizer and what is said of them.

    Raises ConfigError where the checkpoint is of another kind, ExportRefused where a graph says something else than
    the network. Needs the extra `export`.
    """
    from transformers import AutoConfig, AutoModel

    config: Any = AutoConfig.from_pretrained(checkpoint)
    if config.model_type not in _SUPPORTED:
        raise ConfigError(f"{checkpoint}: {config.model_type} is none of {', '.join(_SUPPORTED)}")
    model: Any = AutoModel.from_pretrained(checkpoint).eval()
    out.mkdir(parents=True, exist_ok=True)
    (out / MANIFEST).unlink(missing_ok=True)
    frame = pixels(checkpoint, config)
    length = int(config.text_config.max_position_embeddings)
    siglip = config.model_type == "siglip"
    _image_graph(model, out / "image.onnx", frame)
    _text_graph(model, out / "text.onnx", length, vocabulary=int(config.text_config.vocab_size), masked=not siglip)
    shutil.copyfile(checkpoint / "tokenizer.json", out / "tokenizer.json")
    card = ZeroShotCard(
        name=name or checkpoint.name,
        source=str(checkpoint.name),
        licence=licence,
        files=entries(out),
        pixels=frame,
        activation="sigmoid" if siglip else "softmax",
        scale=float(model.logit_scale.detach().exp()),
        bias=float(model.logit_bias.detach()) if siglip else 0.0,
        length=length,
        pad_id=int(config.text_config.pad_token_id or 0),
    )
    (out / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(card), indent=2))
    return card


def _image_graph(model: Any, path: Path, frame: Pixels) -> None:
    sample = {"pixel_values": np.zeros((2, 3, frame.height, frame.width), np.float32)}
    sample["pixel_values"][1] = np.random.default_rng(0).normal(size=(3, frame.height, frame.width))
    axes = (Axes(name="pixel_values", dtype="float32", shape=("batch", 3, frame.height, frame.width)),)
    _graph(_network(model, "image"), path, axes, sample)


def _text_graph(model: Any, path: Path, length: int, *, vocabulary: int, masked: bool) -> None:
    ids = np.random.default_rng(0).integers(1, vocabulary, (2, length), dtype=np.int64)
    sample = {"input_ids": ids} | ({"attention_mask": np.ones_like(ids)} if masked else {})
    axes = tuple(Axes(name=one, dtype="int64", shape=("batch", "sequence")) for one in sample)
    _graph(_network(model, "text"), path, axes, sample)


def _graph(network: Any, path: Path, axes: tuple[Axes, ...], sample: Feeds) -> None:
    with TemporaryDirectory() as alone:  # the writer leaves nothing beside its graph
        write(network, Path(alone) / path.name, inputs=axes, sample=sample)
        for made in Path(alone).iterdir():
            shutil.move(made, path.with_name(made.name))
    worst = float(np.abs(run_graph(path)(sample) - run_network(network, axes)(sample)).max())
    if not worst <= TOLERANCE:
        raise ExportRefused(f"{path.name} differs from the network by {worst:.2g}, more than {TOLERANCE:g}")


def _network(model: Any, side: str) -> Any:
    import torch

    class Side(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, *inputs: Any) -> Any:
            if side == "image":
                found = self.model.get_image_features(pixel_values=inputs[0])
            else:
                ids, *rest = inputs
                mask = {"attention_mask": rest[0]} if rest else {}
                found = self.model.get_text_features(input_ids=ids, **mask)
            # Newer versions of transformers answer with a struct around the vectors.
            return found if isinstance(found, torch.Tensor) else found.pooler_output

    return Side().eval()
