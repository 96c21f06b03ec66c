"""Moves outliers of activations into the weights before quantisation (SmoothQuant, arXiv 2211.10438).

Some channels of a BERT layer are a hundred times larger than the others, and one int8 scale for all of them loses the
rest. Dividing the inputs of a linear layer per channel, and multiplying its weights, changes nothing in fp32.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import nn
from torch.nn import functional

from .encode import Batch
from .net import HeadgateNet

SMALLEST = 1e-4


class SmoothLinear(nn.Module):
    """A linear layer that divides its inputs by `scale` [in] and carries weights multiplied by it."""

    def __init__(self, linear: nn.Linear, scale: torch.Tensor) -> None:
        super().__init__()
        self.inverse = nn.Parameter(1.0 / scale, requires_grad=False)
        self.weight = nn.Parameter(linear.weight.detach() * scale, requires_grad=False)
        self.bias = linear.bias

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """The same outputs as the layer it replaces, but for rounding."""
        return functional.linear(inputs * self.inverse, self.weight, self.bias)


def smooth(net: HeadgateNet, batches: Sequence[Batch], *, strength: float = 0.9) -> None:
    """Replace every linear layer of the encoder, in place; `batches` show how large its inputs are."""
    layers = {name: one for name, one in net.encoder.named_modules() if isinstance(one, nn.Linear)}
    largest = _largest_inputs(net, layers, batches)
    for name, linear in layers.items():
        weights = linear.weight.detach().abs().amax(dim=0).clamp(min=SMALLEST)
        scale = largest[name].clamp(min=SMALLEST) ** strength / weights ** (1.0 - strength)
        parent, _, last = name.rpartition(".")
        setattr(net.encoder.get_submodule(parent), last, SmoothLinear(linear, scale / scale.mean()))


def _largest_inputs(
    net: HeadgateNet, layers: dict[str, nn.Linear], batches: Sequence[Batch]
) -> dict[str, torch.Tensor]:
    found = {name: torch.zeros(one.in_features) for name, one in layers.items()}

    def watch(name: str) -> Callable[[nn.Module, tuple[torch.Tensor, ...]], None]:
        def look(_: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
            seen = inputs[0].detach().abs().flatten(0, -2).amax(dim=0)
            found[name] = torch.maximum(found[name], seen)

        return look

    handles = [one.register_forward_pre_hook(watch(name)) for name, one in layers.items()]
    with torch.no_grad():
        for batch in batches:
            net.raw_logits(batch.ids, batch.mask, batch.type_ids)
    for handle in handles:
        handle.remove()
    return found
