"""From logits to probabilities that mean the same on every head."""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from .assessment import DECIMALS as DECIMALS
from .manifest import Manifest, Scale

Array = npt.NDArray[np.float64]


class Scales(msgspec.Struct, frozen=True):
    """Half the Platt scale and bias of every head, in the order of the manifest's heads."""

    half_scale: Array
    half_bias: Array


def scales(manifest: Manifest) -> Scales:
    """The manifest's calibration as two vectors; a head without an entry keeps its logit."""
    entries = [manifest.calibration.get(head, Scale()) for head in manifest.heads]
    return Scales(0.5 * np.array([entry.scale for entry in entries]), 0.5 * np.array([entry.bias for entry in entries]))


def probabilities(logits: npt.NDArray[np.float32], *, scales: Scales) -> Array:
    """Calibrated probabilities of logits [rows, heads], rounded; never NaN or out of 0..1 for finite logits."""
    # The tanh form of the sigmoid does not overflow; in place, since a new array costs more than the sum in it.
    found: Array = logits * scales.half_scale
    found += scales.half_bias
    np.tanh(found, out=found)
    found += 1.0
    found *= 0.5
    return found.round(DECIMALS, out=found)
