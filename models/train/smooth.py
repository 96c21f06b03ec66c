"""Moves outliers of activations into the weights before quantisation (SmoothQuant, arXiv 2211.10438), and notes ranges.

Some channels of a BERT layer are many times larger than the others, and one int8 scale for all of them loses the rest.
Dividing the inputs of a linear layer per channel, and multiplying its weights, changes nothing in fp32. With a range
noted for each input its int8 scale is a constant: no token's scale has to be found at run time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import torch
from torch import nn
from torch.nn import functional

from .encode import Batch
from .net import HeadgateNet
from .quantize import GELU_LEVELS, GELU_ZERO, RANGE_LEVELS

SMALLEST = 1e-4
SAMPLE = 4096
"""Values of one input kept of each batch, beside its extremes, to choose a range by."""
SHARES = np.linspace(1.0, 0.2, 33)
WIDE = re.compile(r"layer\.\d+\.output\.dense$")
"""What GELU makes has the rarest and largest outliers: these inputs keep a scale a token, at 4 % more time."""


class SmoothLinear(nn.Module):
    """A linear layer that divides its inputs by `scale` [in] and carries weights multiplied by it.

    `lowest` and `highest` are the range of the divided inputs that int8 should hold; both None until calibrated.
    """

    def __init__(self, linear: nn.Linear, scale: torch.Tensor | None) -> None:
        super().__init__()
        weight = linear.weight.detach()
        self.inverse = None if scale is None else nn.Parameter(1.0 / scale, requires_grad=False)
        self.weight = nn.Parameter(weight if scale is None else weight * scale, requires_grad=False)
        self.bias = linear.bias
        self.lowest: float | None = None
        self.highest: float | None = None

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """The same outputs as the layer it replaces, but for rounding."""
        return functional.linear(inputs if self.inverse is None else inputs * self.inverse, self.weight, self.bias)

    def held(self, inputs: torch.Tensor) -> torch.Tensor:
        """The divided inputs as the int8 graph holds them: in their noted range, or after GELU in a range a token."""
        given = inputs if self.inverse is None else inputs * self.inverse
        if self.lowest is None or self.highest is None:
            step = given.amax(dim=-1, keepdim=True).clamp(min=SMALLEST) / GELU_LEVELS
            zero = GELU_ZERO
        else:
            step = torch.tensor((max(self.highest, 0.0) - min(self.lowest, 0.0)) / RANGE_LEVELS)
            zero = round(-min(self.lowest, 0.0) / float(step))
        return ((given / step).round() + zero).clamp(0, RANGE_LEVELS).sub(zero) * step


class Range(msgspec.Struct, frozen=True):
    """The values that int8 should hold; those outside count as the nearer end."""

    lowest: float
    highest: float


def smooth(net: HeadgateNet, batches: Sequence[Batch], *, strength: float = 0.6) -> None:
    """Replace every linear layer of the encoder, in place; `batches` show how large its inputs are.

    Query, key and value share a scale, since they share an input. The scale of what attention made is folded into the
    value layer, and the inputs after GELU are left as they are: their scale would cost a pass over the widest tensor.
    """
    layers = {name: one for name, one in net.encoder.named_modules() if isinstance(one, nn.Linear)}
    largest = _largest_inputs(net, layers, batches)
    blocks: Any = net.encoder.encoder.layer  # transformers names its layers at run time
    for number, layer in enumerate(blocks):
        at = f"encoder.layer.{number}"
        own, output = layer.attention.self, layer.attention.output
        shared = _scale(largest[f"{at}.attention.self.query"], [own.query, own.key, own.value], strength)
        across = _scale(largest[f"{at}.attention.output.dense"], [output.dense], strength)
        with torch.no_grad():
            own.value.weight.div_(across.unsqueeze(1))
            own.value.bias.div_(across)
            output.dense.weight.mul_(across)
        for part in ("query", "key", "value"):
            setattr(own, part, SmoothLinear(getattr(own, part), shared))
        output.dense = SmoothLinear(output.dense, None)
        inner = layer.intermediate.dense
        inner_scale = _scale(largest[f"{at}.intermediate.dense"], [inner], strength)
        layer.intermediate.dense = SmoothLinear(inner, inner_scale)
        layer.output.dense = SmoothLinear(layer.output.dense, None)
    _note_ranges(net, batches)


def best_range(values: np.ndarray) -> Range:
    """The range whose 255 equal steps hold `values` with the least mean square error; it always holds zero."""
    lowest, highest = min(float(values.min()), 0.0), max(float(values.max()), SMALLEST)
    tried = [Range(lowest * share, highest * share) for share in SHARES]
    tried += [Range(lowest, highest * share) for share in SHARES]
    return min(tried, key=lambda one: _error(values, one))


def _error(values: np.ndarray, held: Range) -> float:
    step = (held.highest - held.lowest) / RANGE_LEVELS
    near = np.rint(np.clip(values, held.lowest, held.highest) / step) * step
    return float(np.square(values - near).mean())


def _scale(largest: torch.Tensor, layers: Sequence[nn.Linear], strength: float) -> torch.Tensor:
    weights = torch.stack([layer.weight.detach().abs().amax(dim=0) for layer in layers]).amax(dim=0)
    scale = largest.clamp(min=SMALLEST) ** strength / weights.clamp(min=SMALLEST) ** (1.0 - strength)
    return scale / scale.mean()


def _largest_inputs(
    net: HeadgateNet, layers: Mapping[str, nn.Module], batches: Sequence[Batch]
) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = {}

    def look(name: str, inputs: torch.Tensor) -> None:
        seen = inputs.abs().amax(dim=0)
        found[name] = torch.maximum(found[name], seen) if name in found else seen

    _watch(net, layers, batches, look)
    return found


def _note_ranges(net: HeadgateNet, batches: Sequence[Batch]) -> None:
    layers = {name: one for name, one in net.encoder.named_modules() if isinstance(one, SmoothLinear)}
    seen: dict[str, list[np.ndarray]] = {name: [] for name in layers}
    rng = np.random.default_rng(23)

    def look(name: str, inputs: torch.Tensor) -> None:
        inverse = layers[name].inverse
        values = (inputs if inverse is None else inputs * inverse).flatten().numpy()
        ends = np.array([values.min(), values.max()])
        seen[name] += [ends, values[rng.integers(0, values.size, SAMPLE)]]

    _watch(net, layers, batches, look)
    for name, layer in layers.items():
        if WIDE.search(name) is None:
            held = best_range(np.concatenate(seen[name]))
            layer.lowest, layer.highest = held.lowest, held.highest


def _watch(
    net: HeadgateNet,
    layers: Mapping[str, nn.Module],
    batches: Sequence[Batch],
    look: Callable[[str, torch.Tensor], None],
) -> None:
    """Call `look` with a layer's name and the inputs [tokens, in] of its unpadded tokens, batch by batch."""
    kept = torch.zeros(0, dtype=torch.bool)

    def hook(name: str) -> Callable[[nn.Module, tuple[torch.Tensor, ...]], None]:
        return lambda _, inputs: look(name, inputs[0].detach().flatten(0, -2)[kept])

    handles = [layer.register_forward_pre_hook(hook(name)) for name, layer in layers.items()]
    with torch.no_grad():
        for batch in batches:
            kept = batch.mask.bool().flatten()
            net.raw_logits(batch.ids, batch.mask, batch.type_ids)
    for handle in handles:
        handle.remove()
