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
    """Figures of one set, all in 0..1; `threshold` is the one for all sets, `f1_low..f1_high` a 95 % interval."""

    name: str
    rows: int
    positives: int
    f1: float
    f1_low: float
    f1_high: float
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
    low, high = f1_interval(flagged, truth)
    best = np.max(2 * precisions * recalls / np.maximum(precisions + recalls, 1e-9))
    return SetResult(
        name=name,
        rows=len(truth),
        positives=int(truth.sum()),
        f1=2 * precision * recall / max(precision + recall, 1e-9),
        f1_low=low,
        f1_high=high,
        precision=precision,
        recall=recall,
        fpr=float((flagged & ~truth).sum() / max(int((~truth).sum()), 1)),
        auprc=float(average_precision_score(truth, scores)),
        auroc=float(roc_auc_score(truth, scores)),
        best_f1=float(best),
        threshold=threshold,
    )


def f1_interval(flagged: np.ndarray, truth: np.ndarray, *, draws: int = 2000) -> tuple[float, float]:
    """The 95 % bootstrap interval of F1; resampling rows is resampling the four cells of the confusion table."""
    cells = np.array([(flagged & truth).sum(), (flagged & ~truth).sum(), (~flagged & truth).sum(), 0])
    cells[3] = len(truth) - cells.sum()
    drawn = np.random.default_rng(23).multinomial(len(truth), cells / len(truth), size=draws)
    found = 2 * drawn[:, 0] / np.maximum(2 * drawn[:, 0] + drawn[:, 1] + drawn[:, 2], 1)
    low, high = np.quantile(found, (0.025, 0.975))
    return float(low), float(high)


def calibration_error(scores: np.ndarray, truth: np.ndarray, *, bins: int = 15) -> float:
    """Expected calibration error over bins of equal mass: the mean distance of probability and frequency."""
    parts = np.array_split(np.argsort(scores, kind="stable"), bins)
    gaps = [abs(float(scores[part].mean() - truth[part].mean())) * len(part) for part in parts if len(part)]
    return sum(gaps) / max(len(scores), 1)


def groups_table(rows: Sequence[Row], scores: np.ndarray, threshold: float, *, least: int = 8) -> dict[str, Any]:
    """How a model treats kind sentences about groups of people (bias_madlibs: "Ana is a kind X").

    False alarms over all kind sentences, and by group where at least `least` were held out; recall of unkind ones.
    """
    kind = np.array([row.unsafe < 0.5 for row in rows])
    names = np.array([" ".join(row.prompt.split()[4:]) for row in rows])
    flagged = scores >= threshold
    groups = {
        str(name): {"rows": int(of.sum()), "fpr": round(float(flagged[of].mean()), 4)}
        for name in np.unique(names)
        if name and (of := kind & (names == name)).sum() >= least
    }
    return {
        "rows": int(kind.sum()),
        "fpr": round(float(flagged[kind].mean()), 4),
        "recall": round(float(flagged[~kind].mean()), 4),
        "groups": dict(sorted(groups.items(), key=lambda item: (-item[1]["fpr"], item[0]))),
    }


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
