"""An export is finished only when compared: logits against its original's, and decisions at a policy's thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

from ..models.errors import ExportRefused
from ..models.exported import Activation, Parity, Tolerance

Floats: TypeAlias = npt.NDArray[np.floating]
Decisions: TypeAlias = tuple[str, ...]


class Judgement(msgspec.Struct, frozen=True):
    """What a graph said of the probe rows: logits [inputs, columns], and one decision in words for each row."""

    logits: Floats
    decisions: Decisions


def compare(
    original: Judgement,
    export: Judgement,
    *,
    tolerance: Tolerance,
    policy: str,
    against: str,
    seen: Literal["graph", "rounded graph", "engine", "source graph"] = "graph",
) -> Parity:
    """The differences; ExportRefused where there is nothing to compare, or they are more than the tolerance allows."""
    if original.logits.shape != export.logits.shape or not len(original.logits):
        raise ExportRefused(
            f"nothing to compare: the original gave logits {original.logits.shape}, the export {export.logits.shape}"
        )
    if not np.isfinite(export.logits).all():
        raise ExportRefused("the export gives logits that are not finite: choose a wider precision, as bf16 or fp32")
    gaps = np.abs(original.logits.astype(np.float64) - export.logits)
    flips = sum(before != after for before, after in zip(original.decisions, export.decisions, strict=True))
    parity = Parity(
        against=against,
        seen=seen,
        rows=len(original.decisions),
        worst=round(float(gaps.max()), 6),
        mean=round(float(gaps.mean()), 6),
        flips=flips,
        policy=policy,
    )
    faults = list(_faults(parity, tolerance))
    if faults:
        raise ExportRefused(f"the export is not the model that it came from: {'; '.join(faults)}; nothing was written")
    return parity


def decisions(logits: Floats, *, labels: Sequence[str], activation: Activation, threshold: float) -> Decisions:
    """For each row the labels whose probability reaches the threshold; of a softmax without one, the likeliest."""
    if activation == "softmax":
        raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
        scores = raised / raised.sum(axis=-1, keepdims=True)
    else:
        scores = 0.5 * (1.0 + np.tanh(0.5 * logits))
    words = []
    for row in scores:
        reached = [labels[int(at)] for at in np.flatnonzero(row >= threshold)]
        if not reached and activation == "softmax":
            reached = [labels[int(row.argmax())]]
        words.append(" ".join(sorted(reached)))
    return tuple(words)


def _faults(parity: Parity, tolerance: Tolerance) -> list[str]:
    faults = []
    if parity.worst > tolerance.logits:
        faults.append(f"a logit differs by {parity.worst:g} (allowed {tolerance.logits:g}, see --tolerance)")
    if parity.flips > tolerance.flips * parity.rows:
        allowed = int(tolerance.flips * parity.rows)
        faults.append(f"{parity.flips} of {parity.rows} decisions differ (allowed {allowed}, see --flips)")
    return faults
