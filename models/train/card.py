"""The model card: written from the manifest, so that it can't claim other figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .evaluate import FLOOR
from .mix import ALL, OWN, group_of
from .rows import Row

PRODUCT_LICENCE = "Apache-2.0"

_HEAD = """\
# {name} {version}

A small encoder that judges text going into and coming out of language models. It is {bytes:,} bytes of int8 ONNX, runs
on a CPU without a GPU or a download, and returns 34 logits: `unsafe`, three ordered severities, `sensitive` (a person
at risk, to be supported), `refusal`, and {slugs} categories. Licence: {licence}. Base: {base}.

## Use

Prompts to a chat model, answers in the context of their prompt, posts and documents, prompts for image and video
generators, in English. One threshold ({threshold}) on the higher of `unsafe` and `prompt_attack`; the manifest holds a
table of thresholds for false-alarm rates. It is a first line: cheap, always there, weaker than a guard model with
billions of parameters. Decisions about people need a person. Categories outside `covers` are not assessed, which is
not "safe".

Covered: {covers}.
"""

_RECIPE = """\
## Recipe

{seen:,} rows were drawn in {minutes:.0f} minutes on two CPU cores (`headgate train`): AdamW, 1.6e-4 on the
top layer and a tenth less on each below, 8e-4 on the heads, linear decay, batches of 3,072 tokens, bfloat16
products where the CPU has them, word embeddings frozen but for the markers, no dropout in the encoder. One loss a
head, masked where a set says nothing; machine-made labels weigh 0.7 and are smoothed; severity is ordinal (cumulative
logits, weighted by class). For the first 54 % of the rows the public sets taught alone, then all rows, with the rows
written for this project as {own_share:.0%} of them, half of these in couples of twins: a ranking loss on the
difference of their logits teaches what sets them apart. The weights are a mean (arXiv 2109.01903, 2203.05482):
{mean}.
Kinds of rows are sampled by fixed shares, sources within a kind by the square root of their size: {shares}.
Augmentation on both classes: obfuscation, sloppy
typing, style words on prompts for generators, jailbreak wrappers, a dropped prompt in some pairs.
`headgate_contrasts` and `headgate_answers` are templates of this project, `headgate_own` is {own} rows written for
it (all CC0), `headgate_settings` are jailbreak openings before a harmless request. Held out: one group of
near-duplicates in forty, one in nine of our own rows, half of `bias_madlibs_3k`. Calibration (a line a head; for
the two gates a line for each kind of input), threshold and false-alarm table come from there alone. The evaluation
sets were never trained on nor used to choose a threshold; what earlier versions got wrong on them in the aggregate
guided which rows were written. Weights were rounded to int8 layer by layer against the fp32 network (GPTQ, arXiv
2210.17323) on 600 rows of the training part. Quantised token by token: a text scores the same, to the bit, whatever it
is batched with.
"""

_RESEARCH = """\
## What it may be used for

This model also learned from rows whose licences forbid commercial use, share-alike of derivatives without the same
terms, or state nothing (the table below names each). Use it for research and comparison; not in a product, and do
not redistribute it under another licence. `text` is the one made for products.
"""

_LIMITS = """\
## Known failures

- English only: other languages were a small part of the training, and their figures are poor.
- Human-labelled pairs under a free licence are scarce (about 13,000), so answers that harm politely are missed.
- Severity was learned from each set's own grades and ours: take it as an order, not as a measure.
- Sexual content for adults, copyright and image prompts without a telling word are weak spots.
- Sarcasm, implied hate, and harmful requests split over several messages pass more often than plain ones.
- A long text is read in windows of 192 tokens: what only the whole tells is missed.
- Words longer than 100 characters become one unknown token; undo encodings before judging.
- Thresholds come from held-out rows of the training sets: expect other rates on your traffic, and calibrate there.
"""


def render(manifest: Mapping[str, Any], rows: Sequence[Row], run: Mapping[str, Any]) -> str:
    """The card as Markdown."""
    metrics = manifest["metrics"]
    head = _HEAD.format(
        **{key: manifest[key] for key in ("name", "version", "licence", "base")},
        bytes=manifest["files"]["model.onnx"]["bytes"],
        slugs=len(manifest["heads"]) - 6,
        threshold=manifest["threshold"]["unsafe"],
        covers=", ".join(f"`{slug}`" for slug in manifest["covers"]),
    )
    shares = ", ".join(f"{kind} {share:.1%}" for kind, share in ALL.items())
    own = f"{sum(row.source == 'headgate_own' for row in rows):,}"
    recipe = _RECIPE.format(
        own=own,
        own_share=sum(OWN.values()),
        seen=run["rows"],
        minutes=run["seconds"] / 60,
        shares=shares,
        mean=run["mean"],
    )
    parts = [
        head,
        _figures(metrics),
        _groups(metrics),
        _steps(metrics),
        _size(manifest),
        recipe,
        _sources(rows),
        _LIMITS,
    ]
    if manifest["licence"] != PRODUCT_LICENCE:
        parts.insert(1, _RESEARCH)
    return "\n".join(part for part in parts if part)


def mean_of(shares: Mapping[str, float]) -> str:
    """What weights are a mean of, from the share of each step."""
    total = sum(shares.values())
    return "; ".join(f"{share / total:.0%} {name}" for name, share in shares.items()) or "100% the end of the run"


def _figures(metrics: Mapping[str, Any]) -> str:
    lines = [
        "## Figures",
        "",
        "At the one threshold. FPR: share of harmless rows flagged. Floor: F1 of TF-IDF at 0.5, where measured."
        " In brackets the 95 % interval (bootstrap).",
        "",
        "| set | rows | F1 | precision | recall | FPR | AUPRC | AUROC | floor |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, one in metrics["sets"].items():
        f1 = f"{one['f1'] * 100:.1f} ({one['f1_low'] * 100:.1f}-{one['f1_high'] * 100:.1f})"
        cells = " | ".join((f1, *(f"{one[key] * 100:.1f}" for key in ("precision", "recall", "fpr"))))
        areas = " | ".join(f"{one[key]:.3f}" for key in ("auprc", "auroc"))
        floor = f"{FLOOR[name] * 100:.1f}" if name in FLOOR else "–"
        lines.append(f"| {name} | {one['rows']} | {cells} | {areas} | {floor} |")
    style = metrics["style_words"]
    alarms = metrics["validation"]["false_alarms_by_kind"]
    lines += [
        "",
        f"Benign captions flagged: {style['plain']:.2%} plain, {style['styled']:.2%} with style words.",
        "False alarms on held-out harmless rows: " + ", ".join(f"{k} {v:.1%}" for k, v in alarms.items()) + ".",
        f"Held-out rows: F1 {metrics['validation']['f1'] * 100:.1f}, AUPRC {metrics['validation']['auprc']:.3f}"
        " (same sources as the training: easier than the sets above).",
        "",
        *_heads(metrics["validation"]),
    ]
    return "\n".join(lines)


def _heads(validation: Mapping[str, Any]) -> list[str]:
    found = ", ".join(f"{head} {one['auroc']:.2f} ({one['positives']})" for head, one in validation["heads"].items())
    severity = validation["severity"]
    return [
        f"AUROC of single heads on held-out rows, positives in brackets: {found}.",
        f"Severity on {severity['rows']:,} held-out rows: macro-F1 {severity['macro_f1']:.2f}, quadratic-weighted kappa"
        f" {severity['kappa']:.2f}.",
        "Expected calibration error of `unsafe` by kind of input: "
        + ", ".join(f"{marker} {value:.3f}" for marker, value in validation.get("calibration_error", {}).items())
        + ".",
        "",
    ]


def _groups(metrics: Mapping[str, Any]) -> str:
    found = metrics.get("groups")
    if not found:
        return ""
    worst = [f"{name} {one['fpr']:.0%} of {one['rows']}" for name, one in found["groups"].items() if one["fpr"]][:12]
    rest = len(found["groups"]) - len(worst)
    return (
        "## Groups of people\n\n"
        f"On {found['rows']:,} held-out kind sentences of `bias_madlibs` ({found['fpr']:.1%} flagged, and"
        f" {found['recall']:.1%} of the unkind ones), by group, the most flagged first: "
        + ", ".join([*worst, f"none of the other {rest} groups"])
        + ".\n"
    )


def _steps(metrics: Mapping[str, Any]) -> str:
    if not metrics.get("steps"):
        return ""
    names = list(metrics["sets"])
    lines = ["## What each step gave", "", "AUPRC on each set.", ""]
    lines += ["| step | rows | " + " | ".join(names) + " |", "|---|---|" + "---|" * len(names)]
    for step in metrics["steps"]:
        lines.append(
            f"| {step['name']} | {step['rows']:,} | " + " | ".join(f"{step['auprc'][n]:.3f}" for n in names) + " |"
        )
    final = " | ".join(f"{metrics['sets'][name]['auprc']:.3f}" for name in names)
    return "\n".join((*lines, f"| their mean, calibrated by kind of input, int8 | | {final} |", ""))


def _size(manifest: Mapping[str, Any]) -> str:
    flips = manifest["metrics"]["int8_flips"]
    times = "; ".join(
        f"{threads} thread{'s' if threads != '1' else ''}: "
        + ", ".join(f"{tokens} tokens {one['median']} ms ({one['p5']}-{one['p95']})" for tokens, one in of.items())
        for threads, of in manifest["metrics"]["milliseconds"].items()
    )
    digests = "\n".join(
        f"- `{name}` {one['bytes']:,} bytes, sha256 `{one['sha256']}`" for name, one in manifest["files"].items()
    )
    return (
        "## Size, speed and precision\n\n"
        f"{digests}\n- int8 against fp32: {flips['share']:.2%} of {flips['rows']:,} decisions differ"
        f" (largest difference in probability {flips['worst']}).\n"
        f"- One text without tokenisation, median (5th to 95th percentile), {manifest['metrics'].get('cpu', 'a CPU')}."
        f" {times}.\n"
    )


def _sources(rows: Iterable[Row]) -> str:
    counts: Counter[tuple[str, str]] = Counter()
    kinds: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        key = (row.source, row.licence)
        counts[key] += 1
        kinds.setdefault(key, set()).add(group_of(row))
    lines = ["## Data", "", "| source | licence | rows | kinds |", "|---|---|---|---|"]
    lines += [
        f"| {source} | {licence} | {count:,} | {', '.join(sorted(kinds[source, licence]))} |"
        for (source, licence), count in sorted(counts.items())
    ]
    return "\n".join((*lines, ""))
