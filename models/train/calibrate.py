"""Calibration, operating points and the false-alarm table, all from held-out rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from .encode import category_targets
from .mix import BIAS_SOURCE, group_of
from .rows import HEADS, UNKNOWN, Row
from .score import GATES

RATES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1)
# How many held-out rows of each kind make up the validation traffic.
TRAFFIC = {
    "chat_safe": 1700, "chat_hard": 280, "chat_unsafe": 300, "attack": 160, "chat_foreign": 60,
    "pair_safe": 150, "pair_labelled": 500, "pair_foreign": 10,
    "post_safe": 450, "post_unsafe": 450, "post_foreign": 40,
    "visual_safe": 350, "visual_labelled": 300, "visual_unsafe": 20,
    "chat_own": 600, "pair_own": 600, "post_own": 300, "visual_own": 400,
}  # fmt: skip
MIN_POSITIVES = 25
NEAR = 0.02


class Line(msgspec.Struct, frozen=True):
    """p = sigmoid(scale * logit + bias)."""

    scale: float = 1.0
    bias: float = 0.0


def traffic(rows: Sequence[Row], seed: int = 5) -> list[Row]:
    """A validation part that looks like traffic, drawn without replacement."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row.source != BIAS_SOURCE:
            groups[group_of(row)].append(row)
    rng = np.random.default_rng(seed)
    made: list[Row] = []
    for group in sorted(groups):
        found, most = groups[group], TRAFFIC.get(group, 0)
        made += [found[int(i)] for i in rng.permutation(len(found))[:most]]
    return made


def platt(logits: np.ndarray, truth: np.ndarray) -> Line:
    """Fit scale and bias by logistic regression; the identity where one class is missing."""
    from sklearn.linear_model import LogisticRegression

    if min(truth.sum(), (~truth).sum()) < MIN_POSITIVES:
        return Line()
    fitted = LogisticRegression(C=10.0).fit(logits.reshape(-1, 1), truth)
    return Line(max(float(fitted.coef_[0, 0]), 0.2), float(fitted.intercept_[0]))


def best_f1_threshold(scores: np.ndarray, truth: np.ndarray) -> float:
    """Of the thresholds whose F1 is within half a point of the best, one of the upper third with few scores around it.

    F1 is flat over a wide range, and of what it holds for equal the higher raises fewer false alarms. A score far from
    the threshold keeps its decision when quantisation moves it a little.
    """
    grid = np.unique(np.quantile(scores, np.linspace(0, 1, 400)))
    values = np.array([_f1(scores >= one, truth) for one in grid])
    near = grid[values >= values.max() - 0.005]
    options = np.linspace(near[0], near[-1], 60)[40:]
    crowd = [int((np.abs(scores - one) < NEAR).sum()) for one in options]
    calm = options[np.array(crowd) == min(crowd)]
    return float(calm[len(calm) // 2])


def _f1(flagged: np.ndarray, truth: np.ndarray) -> float:
    return float(2 * (flagged & truth).sum() / max(flagged.sum() + truth.sum(), 1))


def by_marker(rows: Sequence[Row], logits: np.ndarray, markers: Mapping[str, int]) -> dict[str, dict[int, Line]]:
    """For each gate and marker the line that makes probabilities of its logits.

    `t2v` has too few rows of its own and takes the line of `t2i`.
    """
    made: dict[str, dict[int, Line]] = {}
    kinds = np.array([row.marker for row in rows])
    for head in GATES:
        truth = targets(rows, head)
        made[head] = {}
        for marker, token in markers.items():
            like = ("t2i", "t2v") if marker.startswith("t2") else (marker,)
            chosen = np.isin(kinds, like) & (truth != UNKNOWN)
            made[head][token] = platt(logits[chosen, HEADS.index(head)], truth[chosen] > 0.5)
    return made


def targets(rows: Sequence[Row], head: str) -> np.ndarray:
    """What the rows say about a head, `UNKNOWN` where they say nothing."""
    if head == "unsafe":
        return np.array([1.0 if row.attack > 0.5 and row.unsafe > 0.5 else row.unsafe for row in rows])
    if head in ("sensitive", "refusal"):
        return np.array([getattr(row, head) for row in rows])
    if head.startswith("severity_"):
        grade = int(head[-1])
        return np.array([UNKNOWN if row.severity < 0 else float(row.severity >= grade) for row in rows])
    column = HEADS.index(head) - 6
    return np.array([category_targets(row)[column] for row in rows])


def lines(rows: Sequence[Row], logits: np.ndarray) -> dict[str, Line]:
    """One line a head over the whole validation part; gates are calibrated per marker within the graph already."""
    made = {}
    for index, head in enumerate(HEADS):
        truth = targets(rows, head)
        known = truth != UNKNOWN
        made[head] = Line() if head in GATES else platt(logits[known, index], truth[known] > 0.5)
    return made


def false_alarms(rows: Sequence[Row], scores: np.ndarray) -> dict[str, dict[str, float]]:
    """Per head the calibrated probability above which a given share of safe validation rows would be flagged."""
    safe = np.array([row.unsafe == 0.0 and row.attack == 0.0 and row.sensitive == 0.0 for row in rows])
    return {
        head: {str(rate): round(float(np.quantile(scores[safe, index], 1 - rate)), 6) for rate in RATES}
        for index, head in enumerate(HEADS)
    }


def thresholds(rows: Sequence[Row], scores: np.ndarray, heads: Sequence[str]) -> dict[str, float]:
    """Best-F1 operating points of single heads; 0.5 where validation has too few positives."""
    made = {}
    for head in heads:
        truth = targets(rows, head)
        known = truth != UNKNOWN
        positive = truth[known] > 0.5
        value = 0.5
        if positive.sum() >= MIN_POSITIVES:
            value = best_f1_threshold(scores[known, HEADS.index(head)], positive)
        made[head] = round(min(max(value, 0.05), 0.95), 4)
    return made
