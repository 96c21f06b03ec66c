"""From a checkpoint to the shipped int8 graph, and the comparison without which it is not finished."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..encoding import Window
from .graph import INPUTS, write_graph
from .net import HeadgateNet, empty
from .quantize import quantize_tokenwise
from .rows import HEADS

OPSET = 17
# Fewer elements than this have only the tables of markers and of token types: they stay in float.
SMALLEST = 1024


def load_net(checkpoint: Path, base: Path) -> HeadgateNet:
    """The trained network in evaluation mode, with plain attention that exports to plain operators."""
    net = empty(base)
    net.load_state_dict(torch.load(checkpoint, map_location="cpu", weights_only=True)["net"])
    fold_markers(net)
    return net.eval()


def fold_markers(net: HeadgateNet) -> None:
    """Write the learned marker rows into the word embeddings, so that the graph needs no special case."""
    with torch.no_grad():
        count = net.marker_rows.shape[0]
        net.encoder.embeddings.word_embeddings.weight[:count] = net.marker_rows
    net.markers_folded = True


def write_float(net: HeadgateNet, path: Path) -> None:
    """Export the fp32 graph: int64 inputs [batch, sequence], output `logits` [batch, 34], both axes free."""
    write_graph(net, path, opset=OPSET)


def write_int8(source: Path, target: Path) -> None:
    """Quantise the encoder to int8, so that a text scores the same whatever it is batched with."""
    quantize_tokenwise(source, target, smallest=SMALLEST)


def write_tokenizer(base: Path, target: Path) -> None:
    """Ship the base's vocabulary without its special-token matching, truncation, padding or template.

    A caller's literal "[SEP]" is then ordinary text and cannot forge the model's own structure.
    """
    held: dict[str, Any] = json.loads((base / "tokenizer.json").read_text(encoding="utf-8"))
    held.update(added_tokens=[], truncation=None, padding=None, post_processor=None)
    target.write_text(json.dumps(held, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")


class OnnxScorer:
    """Runs a graph over windows in length-sorted batches; one thread by default."""

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def logits(self, windows: Sequence[Window], token_budget: int = 512) -> np.ndarray:
        """Logits [len(windows), 34], in the order given."""
        made = np.zeros((len(windows), len(HEADS)), dtype=np.float32)
        order = sorted(range(len(windows)), key=lambda index: len(windows[index].ids))
        batch: list[int] = []
        for index in order:
            if batch and len(windows[index].ids) * (len(batch) + 1) > token_budget:
                made[batch] = self._run([windows[one] for one in batch])
                batch = []
            batch.append(index)
        if batch:
            made[batch] = self._run([windows[one] for one in batch])
        return made

    def _run(self, windows: Sequence[Window]) -> np.ndarray:
        width = max(len(window.ids) for window in windows)
        ids, mask, types = (np.zeros((len(windows), width), dtype=np.int64) for _ in INPUTS)
        for index, window in enumerate(windows):
            length = len(window.ids)
            ids[index, :length] = window.ids
            mask[index, :length] = 1
            types[index, :length] = window.type_ids
        found = self._session.run(["logits"], dict(zip(INPUTS, (ids, mask, types), strict=True)))[0]
        return np.asarray(found, dtype=np.float32)
