"""From a checkpoint to a folder that ships: int8 graph, tokenizer, manifest and card."""

from __future__ import annotations

import datetime
import hashlib
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch

from ..encoding import MARKERS, OVERLAP, PROMPT_TOKENS, WINDOW, PairEncoder
from ..taxonomy import SLUGS
from . import calibrate, card, evaluate
from .compensate import compensate
from .encode import Batch, TrainEncoder, buckets, collate, example
from .export import OnnxScorer, load_net, write_float, write_int8, write_tokenizer
from .loading import BASE_PACKAGE, base_folder, load_split
from .machine import cpu_name
from .mix import BIAS_SOURCE, Split, group_of
from .net import HeadgateNet
from .rows import HEADS, UNKNOWN, Row
from .score import GATES, danger, probabilities, row_logits
from .smooth import smooth

VERSION = "0.5.0"
RESEARCH_LICENCE = "research only: learned from non-commercial data"
COVER_AT = 200
THREADS = 2
FITTED = 600
"""Rows of the training part that the int8 weights are fitted on."""
FILES = ("model.onnx", "tokenizer.json")
IDENTITY = {head: {"scale": 1.0, "bias": 0.0} for head in HEADS}


class Step(msgspec.Struct, frozen=True):
    """A checkpoint that a run left on its way, what it had done by then, and its share of the mean of weights."""

    name: str
    checkpoint: Path
    share: float


class Release(msgspec.Struct, frozen=True):
    """What a release needs to know beside the weights: calibrated tables and figures."""

    calibration: dict[str, calibrate.Line]
    threshold: dict[str, float]
    false_alarm: dict[str, dict[str, float]]
    validation: dict[str, Any]


def release(
    checkpoint: Path,
    data: Path,
    out: Path,
    *,
    base: Path | None = None,
    research: bool = False,
    earlier: Sequence[Step] = (),
) -> Path:
    """Export, calibrate on held-out rows, measure on the evaluation sets, and write manifest and card.

    `earlier` steps, of which the checkpoint is a mean, are measured as well, so that the card can tell what each gave.
    """
    out.mkdir(parents=True, exist_ok=True)
    found, parts = base_folder(base), load_split(data, research=research)
    validation = calibrate.traffic(parts.held_out)
    net = load_net(checkpoint, found)
    write_tokenizer(found, out / "tokenizer.json")
    encoder = PairEncoder.from_file(str(out / "tokenizer.json"))
    work = checkpoint.parent / "export"
    work.mkdir(exist_ok=True)
    write_float(net, work / "plain.onnx")
    exact = row_logits(validation, encoder, OnnxScorer(work / "plain.onnx", threads=THREADS))
    of_marker = calibrate.by_marker(validation, exact, MARKERS)
    _centre(net, of_marker)
    _round(net, validation, parts.train, found)
    write_float(net, work / "model_rounded.onnx")
    _centre_logits(exact, validation, of_marker)
    write_int8(work / "model_rounded.onnx", out / "model.onnx")
    scorer = OnnxScorer(out / "model.onnx", threads=THREADS)
    final = row_logits(validation, encoder, scorer)
    made = _operating_points(validation, final, covers(parts.train))
    metrics = _measure(data, made, encoder, scorer)
    metrics |= {"validation": made.validation, "int8_flips": _flips(made, final, exact)}
    metrics["milliseconds"] = {
        str(threads): _timing(OnnxScorer(out / "model.onnx", threads=threads), encoder) for threads in (1, THREADS)
    }
    metrics["cpu"] = cpu_name()
    probe = [row for row in parts.held_out if row.source == BIAS_SOURCE]
    if probe:
        scores = danger(probabilities(row_logits(probe, encoder, scorer), msgspec.to_builtins(made.calibration)))
        metrics["groups"] = evaluate.groups_table(probe, scores, made.threshold["unsafe"])
    metrics["steps"] = [step_figures(step, data, found, encoder) for step in earlier]
    run = run_facts(checkpoint) | {"mean": card.mean_of({step.name: step.share for step in earlier})}
    _write(out, made, metrics, parts, run, research=research)
    return out


def step_figures(step: Step, data: Path, base: Path, encoder: PairEncoder) -> dict[str, Any]:
    """AUPRC of each set for the uncalibrated fp32 weights of a checkpoint: what the run had reached by then."""
    work = step.checkpoint.with_suffix(".onnx")
    write_float(load_net(step.checkpoint, base), work)
    scorer = OnnxScorer(work, threads=THREADS)

    def score(rows: Sequence[Row]) -> np.ndarray:
        return danger(probabilities(row_logits(rows, encoder, scorer), IDENTITY))

    found = [*evaluate.text_sets(data / "text" / "eval", score, 0.5)]
    found.append(evaluate.twins(data / "prompts" / "t2i_eval.jsonl.zst", score, 0.5))
    return {
        "name": step.name,
        "rows": run_facts(step.checkpoint)["rows"],
        "auprc": {one.name: _short(one.auprc) for one in found},
    }


def _round(net: HeadgateNet, validation: Sequence[Row], taught: Sequence[Row], base: Path) -> None:
    # Ranges of what traffic looks like; weights of what was taught, so that the flips are those of rows not seen here.
    smooth(net, _probe(validation, base))
    compensate(net, _probe(taught, base, FITTED))


def _probe(rows: Sequence[Row], base: Path, count: int = 200) -> list[Batch]:
    encoder, rng = TrainEncoder(base / "tokenizer.json"), np.random.default_rng(19)
    chosen = [example(rows[int(index)], encoder, rng) for index in rng.permutation(len(rows))[:count]]
    return [collate(items) for items in buckets(chosen, 2048)]


def run_facts(checkpoint: Path) -> dict[str, Any]:
    """Rows seen and seconds spent, as the checkpoint tells them."""
    kept = torch.load(checkpoint, map_location="cpu", weights_only=True)
    return dict(kept["state"])


def covers(rows: Sequence[Row]) -> list[str]:
    """Slugs that at least 200 rows teach; the others are not assessed."""
    counts = Counter(slug for row in rows for slug in row.categories or ())
    counts["prompt_attack"] += sum(row.attack > 0.5 for row in rows)
    return [slug for slug in SLUGS if counts[slug] >= COVER_AT]


def _centre(net: HeadgateNet, found: Mapping[str, Mapping[int, calibrate.Line]]) -> None:
    with torch.no_grad():
        for head, of_marker in found.items():
            for token, line in of_marker.items():
                net.marker_scale[token, HEADS.index(head)] = line.scale
                net.marker_bias[token, HEADS.index(head)] = line.bias


def _centre_logits(logits: np.ndarray, rows: Sequence[Row], found: Mapping[str, Mapping[int, calibrate.Line]]) -> None:
    tokens = [MARKERS[row.marker] for row in rows]
    for head, of_marker in found.items():
        column = HEADS.index(head)
        scale = np.array([of_marker[token].scale for token in tokens], dtype=np.float32)
        bias = np.array([of_marker[token].bias for token in tokens], dtype=np.float32)
        logits[:, column] = logits[:, column] * scale + bias


def _operating_points(rows: Sequence[Row], logits: np.ndarray, covered: Sequence[str]) -> Release:
    found = calibrate.lines(rows, logits)
    scores = probabilities(logits, msgspec.to_builtins(found))
    truth = np.array([row.positive for row in rows])
    main = round(calibrate.best_f1_threshold(danger(scores), truth), 4)
    chosen = dict.fromkeys(GATES, main)
    chosen |= calibrate.thresholds(rows, scores, [slug for slug in covered if slug not in GATES])
    chosen |= calibrate.thresholds(rows, scores, ["sensitive", "refusal"])
    figures = evaluate.measure("validation", truth, danger(scores), main)
    alarms = {
        kind: round(float((danger(scores)[_of(rows, kind)] >= main).mean()), 4)
        for kind in ("chat_safe", "chat_hard", "pair_safe", "post_safe", "visual_safe")
        if _of(rows, kind).any()
    }
    summary = {key: _short(value) for key, value in msgspec.to_builtins(figures).items()}
    summary |= {
        "false_alarms_by_kind": alarms,
        "heads": evaluate.heads_table(rows, scores, HEADS),
        "severity": evaluate.severity_table(rows, scores[:, 1:4]),
        "calibration_error": _errors(rows, scores),
    }
    return Release(found, chosen, calibrate.false_alarms(rows, scores), summary)


def _errors(rows: Sequence[Row], scores: np.ndarray) -> dict[str, float]:
    truth = calibrate.targets(rows, "unsafe")
    made = {}
    for marker in MARKERS:
        chosen = np.array([row.marker == marker for row in rows]) & (truth != UNKNOWN)
        if chosen.sum() >= COVER_AT:
            made[marker] = _short(evaluate.calibration_error(scores[chosen, 0], truth[chosen]))
    return made


def _of(rows: Sequence[Row], kind: str) -> np.ndarray:
    return np.array([group_of(row) == kind for row in rows])


def _measure(data: Path, made: Release, encoder: PairEncoder, scorer: OnnxScorer) -> dict[str, Any]:
    calibration = msgspec.to_builtins(made.calibration)
    threshold = made.threshold["unsafe"]

    def score(rows: Sequence[Row]) -> np.ndarray:
        return danger(probabilities(row_logits(rows, encoder, scorer), calibration))

    visual = data / "prompts" / "t2i_eval.jsonl.zst"
    found = evaluate.text_sets(data / "text" / "eval", score, threshold)
    found.append(evaluate.twins(visual, score, threshold))
    sets = {one.name: {key: _short(value) for key, value in msgspec.to_builtins(one).items()} for one in found}
    style = {key: _short(value) for key, value in evaluate.style_false_alarms(visual, score, threshold).items()}
    return {"sets": sets, "style_words": style}


def _short(value: Any) -> Any:
    return round(value, 4) if isinstance(value, float) else value


def _flips(made: Release, quantised: np.ndarray, exact: np.ndarray) -> dict[str, Any]:
    calibration = msgspec.to_builtins(made.calibration)
    both = [danger(probabilities(one, calibration)) for one in (quantised, exact)]
    flips = (both[0] >= made.threshold["unsafe"]) != (both[1] >= made.threshold["unsafe"])
    worst = float(np.abs(both[0] - both[1]).max())
    return {"rows": len(flips), "share": round(float(flips.mean()), 5), "worst": _short(worst)}


def _timing(scorer: OnnxScorer, encoder: PairEncoder) -> dict[str, dict[str, float]]:
    made = {}
    for tokens in (16, 32, 64, 128):
        windows = encoder.encode("word " * (tokens - 3), None, "chat")
        spent = []
        for _ in range(60):
            begun = time.perf_counter()
            scorer.logits(windows)
            spent.append((time.perf_counter() - begun) * 1000)
        low, median, high = (float(one) for one in np.quantile(spent, (0.05, 0.5, 0.95)))
        made[str(tokens)] = {"median": round(median, 2), "p5": round(low, 2), "p95": round(high, 2)}
    return made


def _write(
    out: Path, made: Release, metrics: dict[str, Any], parts: Split, run: Mapping[str, Any], *, research: bool
) -> None:
    held = {
        "format": 1, "name": "text-research" if research else "text", "version": VERSION, "modality": "text",
        "architecture": "bert-multihead", "licence": RESEARCH_LICENCE if research else "Apache-2.0",
        "precision": "int8",
        "files": {name: _entry(out / name) for name in FILES},
        "window": WINDOW, "overlap": OVERLAP, "prompt_tokens": PROMPT_TOKENS, "markers": dict(MARKERS),
        "heads": list(HEADS), "covers": covers(parts.train),
        "calibration": {
            head: {"scale": round(line.scale, 5), "bias": round(line.bias, 5)}
            for head, line in made.calibration.items()
        },
        "threshold": made.threshold, "false_alarm": made.false_alarm, "metrics": metrics,
        "created": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        "base": f"{BASE_PACKAGE.replace('_', '-')} (sentence-transformers/all-MiniLM-L6-v2, Apache-2.0)",
    }  # fmt: skip
    (out / "manifest.json").write_bytes(msgspec.json.format(msgspec.json.encode(held), indent=1) + b"\n")
    (out / "card.md").write_text(card.render(held, parts.train, run), encoding="utf-8")


def _entry(path: Path) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "bytes": path.stat().st_size}
