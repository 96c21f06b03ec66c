"""From logits to probabilities that mean the same on every head, and from false-alarm rates to thresholds."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import numpy.typing as npt

from .errors import ConfigError
from .manifest import Manifest, Scale

DECIMALS = 4
"""Probabilities are rounded to this many decimals, so that equal inputs give equal bytes."""

Array = npt.NDArray[np.float64]


class Scales(msgspec.Struct, frozen=True):
    """Platt scale and bias of every head, in the order of the manifest's heads."""

    scale: Array
    bias: Array


def scales(manifest: Manifest) -> Scales:
    """The manifest's calibration as two vectors; a head without an entry keeps its logit."""
    entries = [manifest.calibration.get(head, Scale()) for head in manifest.heads]
    return Scales(np.array([entry.scale for entry in entries]), np.array([entry.bias for entry in entries]))


def probabilities(logits: npt.NDArray[np.float32], *, scales: Scales) -> Array:
    """Calibrated probabilities of logits [rows, heads], rounded; never NaN or out of 0..1 for finite logits."""
    # The tanh form of the sigmoid does not overflow.
    calibrated = 0.5 * (1.0 + np.tanh(0.5 * (scales.scale * logits.astype(np.float64) + scales.bias)))
    rounded: Array = np.round(calibrated, DECIMALS)
    return rounded


def threshold_for(manifest: Manifest, *, head: str, fpr: float) -> float:
    """The probability of `head` that holds the false-alarm rate `fpr` on the calibration set.

    Between two measured rates it is interpolated over the rate's logarithm. Raises ConfigError for a head without
    a table and for a rate outside it.
    """
    table = manifest.false_alarm.get(head)
    if not table:
        measured = ", ".join(sorted(manifest.false_alarm)) or "none"
        raise ConfigError(f"model {manifest.name} measured no false-alarm rates of {head!r} (measured: {measured})")
    points = sorted((float(rate), threshold) for rate, threshold in table.items())
    rates = [rate for rate, _ in points]
    if not rates[0] <= fpr <= rates[-1]:
        raise ConfigError(
            f"false-alarm rate {fpr:g} of {head!r} is outside what model {manifest.name} measured: "
            f"write a rate from {rates[0]:g} to {rates[-1]:g}"
        )
    logs = [math.log(rate) for rate in rates]
    return float(np.interp(math.log(fpr), logs, [threshold for _, threshold in points]))
