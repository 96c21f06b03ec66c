"""Rounds a smoothed encoder's weights to int8 layer by layer, each fitted to what the fp32 encoder would have answered.

Every layer sees the inputs that the int8 graph will give it, its wanted outputs are those of the fp32 network, and the
residual's own error is asked back from the layer beside it. So an error is made good where it arises (least squares
with damping, then GPTQ, see `rounding.py`), and does not travel to the heads.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from typing import Any, TypeAlias

import msgspec
import torch
from torch.nn import functional

from .encode import Batch
from .net import HeadgateNet
from .quantize import WEIGHT_LEVELS, rounded_rows
from .rounding import damped, on_grid
from .smooth import SmoothLinear

Tokens: TypeAlias = list[torch.Tensor]
"""One tensor [batch, tokens, width] for each batch."""


class Streams(msgspec.Struct, frozen=True):
    """The hidden states of the fp32 network and of the int8 one."""

    exact: Tokens
    held: Tokens


def compensate(net: HeadgateNet, batches: Sequence[Batch]) -> None:
    """Put every linear layer of the encoder, smoothed and with its ranges noted, on its int8 grid, in place."""
    exact = copy.deepcopy(net)
    with torch.no_grad():
        streams = _embedded(exact, batches)
        blocks: Any = net.encoder.encoder.layer  # transformers names its layers at run time
        originals: Any = exact.encoder.encoder.layer
        for layer, original in zip(blocks, originals, strict=True):
            streams = _attended(layer, original, streams, batches)
            streams = _fed(layer, original, streams, batches)


def fit(layer: SmoothLinear, inputs: Tokens, wanted: Tokens, batches: Sequence[Batch]) -> None:
    """Change weights and bias so that `layer` answers `inputs`, as int8 holds them, with `wanted`, at its int8 grid.

    Where the inputs say too little, the weights stay near what they were.
    """
    wide = layer.weight.shape[1]
    seen = torch.zeros(wide + 1, wide + 1, dtype=torch.float64)
    missed = torch.zeros(layer.weight.shape[0], wide + 1, dtype=torch.float64)
    count = 0
    for given, target, batch in zip(inputs, wanted, batches, strict=True):
        kept = batch.mask.bool()
        error = (target - functional.linear(given, layer.weight, layer.bias))[kept]
        rows = functional.pad(given[kept], (0, 1), value=1.0)
        seen += (rows.T @ rows).double()
        missed += (error.T @ rows).double()
        count += len(rows)
    seen, missed = seen / count, missed / count
    mean, error = seen[:wide, wide], missed[:, wide]
    spread = seen[:wide, :wide] - torch.outer(mean, mean)
    change = torch.linalg.solve(damped(spread), (missed[:, :wide] - torch.outer(error, mean)).T).T
    before = layer.weight.double()
    layer.weight.copy_(on_grid((before + change).float(), spread, levels=WEIGHT_LEVELS))
    layer.bias.add_((error - (layer.weight.double() - before) @ mean).float())


def _embedded(net: HeadgateNet, batches: Sequence[Batch]) -> Streams:
    exact: Any = net.encoder.embeddings
    held = copy.deepcopy(exact)
    table = held.word_embeddings.weight
    table.copy_(torch.from_numpy(rounded_rows(table.numpy())))
    made = [[one(input_ids=batch.ids, token_type_ids=batch.type_ids) for batch in batches] for one in (exact, held)]
    return Streams(*made)


def _attended(layer: Any, original: Any, streams: Streams, batches: Sequence[Batch]) -> Streams:
    own, exact = layer.attention.self, original.attention.self
    inputs = [own.query.held(one) for one in streams.held]
    wanted = {part: [getattr(exact, part)(one) for one in streams.exact] for part in ("query", "key", "value")}
    for part, targets in wanted.items():
        fit(getattr(own, part), inputs, targets, batches)
    made = {part: [_products(getattr(own, part), one) for one in inputs] for part in wanted}
    attended = Streams(*(_mixed(own, parts, batches) for parts in (wanted, made)))
    return _joined(layer.attention.output, original.attention.output, attended, streams, batches)


def _fed(layer: Any, original: Any, streams: Streams, batches: Sequence[Batch]) -> Streams:
    inner = layer.intermediate.dense
    inputs = [inner.held(one) for one in streams.held]
    wanted = [original.intermediate.dense(one) for one in streams.exact]
    fit(inner, inputs, wanted, batches)
    active = Streams(
        exact=[functional.gelu(one) for one in wanted],
        held=[functional.gelu(_products(inner, one)) for one in inputs],
    )
    return _joined(layer.output, original.output, active, streams, batches)


def _joined(output: Any, original: Any, given: Streams, residual: Streams, batches: Sequence[Batch]) -> Streams:
    """Through a dense layer, onto the residual and through the norm; the layer makes good the residual's error too."""
    inputs = [output.dense.held(one) for one in given.held]
    sums = [original.dense(one) + beside for one, beside in zip(given.exact, residual.exact, strict=True)]
    wanted = [total - beside for total, beside in zip(sums, residual.held, strict=True)]
    fit(output.dense, inputs, wanted, batches)
    return Streams(
        exact=[original.LayerNorm(total) for total in sums],
        held=[
            output.LayerNorm(_products(output.dense, one) + beside)
            for one, beside in zip(inputs, residual.held, strict=True)
        ],
    )


def _products(layer: SmoothLinear, held: torch.Tensor) -> torch.Tensor:
    return functional.linear(held, layer.weight, layer.bias)


def _mixed(attention: Any, parts: dict[str, Tokens], batches: Sequence[Batch]) -> Tokens:
    heads, width = attention.num_attention_heads, attention.attention_head_size
    made = []
    for query, key, value, batch in zip(parts["query"], parts["key"], parts["value"], batches, strict=True):
        split = [one.view(*one.shape[:-1], heads, width).transpose(1, 2) for one in (query, key, value)]
        scores = split[0] @ split[1].transpose(-1, -2) / math.sqrt(width)
        scores = scores.masked_fill(batch.mask[:, None, None] == 0, -torch.inf)
        made.append((scores.softmax(-1) @ split[2]).transpose(1, 2).flatten(2))
    return made
