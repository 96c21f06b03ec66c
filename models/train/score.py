"""Scores rows as the product does: every window is judged and the worst one wins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..encoding import PairEncoder, Window
from .export import OnnxScorer
from .rows import HEADS, Row

GATES = ("unsafe", "prompt_attack")


def row_logits(rows: Sequence[Row], encoder: PairEncoder, scorer: OnnxScorer) -> np.ndarray:
    """Logits [len(rows), 34]: per head the highest over a row's windows."""
    windows: list[Window] = []
    owners: list[int] = []
    for index, row in enumerate(rows):
        found = encoder.encode(row.prompt, row.response, row.marker)
        windows += found
        owners += [index] * len(found)
    made = np.full((len(rows), len(HEADS)), -np.inf, dtype=np.float32)
    np.maximum.at(made, np.array(owners), scorer.logits(windows))
    return made


def probabilities(logits: np.ndarray, calibration: Mapping[str, Mapping[str, float]]) -> np.ndarray:
    """Calibrated probabilities of all heads, in the manifest's order."""
    scale = np.array([calibration[head]["scale"] for head in HEADS])
    bias = np.array([calibration[head]["bias"] for head in HEADS])
    return np.asarray(1.0 / (1.0 + np.exp(-(logits.astype(np.float64) * scale + bias))))


def danger(found: np.ndarray) -> np.ndarray:
    """The score of a row: the higher of `unsafe` and `prompt_attack`."""
    return np.asarray(found[:, [HEADS.index(head) for head in GATES]].max(axis=1))
