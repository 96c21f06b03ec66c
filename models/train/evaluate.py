"""The evaluation table: each set at the one threshold, never used to choose it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from .augment import STYLES
from .calibrate import targets
from .rows import HEADS, UNKNOWN, Row
from .sources import read_lines

Score = Callable[[Sequence[Row]], np.ndarray]
# F1 at 0.5 of a TF-IDF and logistic-regression floor, trained on the same rows.
FLOOR = {
    "toxicchat_test_2853": 0.452,
    "openai_moderation": 0.583,
    "beavertails_test": 0.698,
    "hatecheck": 0.768,
    "xstest_prompts": 0.594,
    "qualifire_injection_5000": 0.756,
    "gptfuzz_labeled_eval": 0.877,
    "diasafety_test": 0.732,
}


class SetResult(msgspec.Struct, frozen=True):
    """Figures of one set, all in 0..1; `threshold` is the one for all sets."""

    name: str
    rows: int
    positives: int
    f1: float
    precision: float
    recall: float
    fpr: float
    auprc: float
    auroc: float
    best_f1: float
    threshold: float


def eval_rows(path: Path) -> list[Row]:
    """Rows of an evaluation file; label and text alone are read."""
    return [
        Row(
            source=path.name.split(".")[0],
            marker={"prompt": "chat", "pair": "pair"}.get(raw["kind"], "text"),
            prompt=raw["prompt"] or "",
            response=raw["response"] if raw["kind"] == "pair" else None,
            unsafe=float(raw["label"] in ("unsafe", "attack")),
            severity=-1 if raw["severity"] is None else raw["severity"],
        )
        for raw in read_lines(path)
    ]


def measure(name: str, truth: np.ndarray, scores: np.ndarray, threshold: float) -> SetResult:
    """All figures of one set of scores."""
    from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

    flagged = scores >= threshold
    hits = int((flagged & truth).sum())
    precision = hits / max(int(flagged.sum()), 1)
    recall = hits / max(int(truth.sum()), 1)
    precisions, recalls, _ = precision_recall_curve(truth, scores)
    best = np.max(2 * precisions * recalls / np.maximum(precisions + recalls, 1e-9))
    return SetResult(
        name=name,
        rows=len(truth),
        positives=int(truth.sum()),
        f1=2 * precision * recall / max(precision + recall, 1e-9),
        precision=precision,
        recall=recall,
        fpr=float((flagged & ~truth).sum() / max(int((~truth).sum()), 1)),
        auprc=float(average_precision_score(truth, scores)),
        auroc=float(roc_auc_score(truth, scores)),
        best_f1=float(best),
        threshold=threshold,
    )


def text_sets(folder: Path, score: Score, threshold: float, names: Sequence[str] = ()) -> list[SetResult]:
    """Every file of `text/eval`, or the named ones."""
    made = []
    for path in sorted(folder.glob("*.jsonl.zst")):
        rows = eval_rows(path)
        if names and rows[0].source not in names:
            continue
        truth = np.array([row.unsafe > 0.5 for row in rows])
        made.append(measure(rows[0].source, truth, score(rows), threshold))
    return made


def visual_rows(path: Path, sources: Sequence[str]) -> list[Row]:
    """Evaluation prompts for generators from the named sources, in file order."""
    return [
        Row(source=raw["source"], marker=raw["task"], prompt=raw["text"], unsafe=float(raw["label"]))
        for raw in read_lines(path)
        if raw["source"] in sources and raw["label"] != -1
    ]


def heads_table(rows: Sequence[Row], found: np.ndarray, heads: Sequence[str]) -> dict[str, dict[str, float]]:
    """Positives and AUROC of single heads on rows that say something about them, where both classes occur."""
    from sklearn.metrics import roc_auc_score

    made = {}
    for head in heads:
        truth = targets(rows, head)
        known = truth != UNKNOWN
        positive = truth[known] > 0.5
        if 0 < positive.sum() < len(positive):
            area = float(roc_auc_score(positive, found[known, HEADS.index(head)]))
            made[head] = {"positives": int(positive.sum()), "auroc": round(area, 4)}
    return made


def twins(path: Path, score: Score, threshold: float) -> SetResult:
    """OVERT's unsafe prompts against their harmless twins."""
    rows = visual_rows(path, ("OVERT-unsafe", "OVERT-unsafe-benign-twin"))
    return measure("overt_twins", np.array([row.unsafe > 0.5 for row in rows]), score(rows), threshold)


def style_false_alarms(path: Path, score: Score, threshold: float) -> dict[str, float]:
    """False alarms on benign captions, plain and with three style phrases added."""
    rows = visual_rows(path, ("COCO-captions", "PartiPrompts"))
    rng = np.random.default_rng(3)
    styled = [
        msgspec.structs.replace(row, prompt=", ".join((row.prompt, *rng.choice(STYLES, size=3, replace=False))))
        for row in rows
    ]
    plain, with_style = (float((score(one) >= threshold).mean()) for one in (rows, styled))
    return {"plain": plain, "styled": with_style, "added": with_style - plain}


def severity_table(rows: Sequence[Row], found: np.ndarray) -> dict[str, Any]:
    """Agreement of predicted severities 0..3 with the rows' own, where known: macro-F1 and weighted kappa.

    `found` holds the probabilities [rows, 3] of severity >= 1, 2, 3; the grade is how many exceed one half.
    """
    from sklearn.metrics import cohen_kappa_score, f1_score

    known = np.array([row.severity >= 0 for row in rows])
    truth = np.array([row.severity for row in rows])[known]
    grades = (found >= 0.5).sum(axis=1)
    return {
        "rows": int(known.sum()),
        "macro_f1": float(f1_score(truth, grades[known], average="macro")),
        "kappa": float(cohen_kappa_score(truth, grades[known], weights="quadratic")),
    }
