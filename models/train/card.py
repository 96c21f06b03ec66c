"""The model card: written from the manifest, so that it can't claim other figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .evaluate import FLOOR
from .mix import SHARES, group_of
from .rows import Row

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

{seen:,} rows were drawn in {minutes:.0f} minutes on two CPU cores (AdamW, 1.6e-4 on the encoder, 8e-4 on the heads,
linear decay, batches of 2,048 tokens, word embeddings frozen but for the markers). One loss a head, masked where a set
says nothing; machine-made labels weigh 0.7 and are smoothed. Kinds of rows are sampled by fixed shares, sources within
a kind by the square root of their size: {shares}.
Augmentation on both classes: obfuscation, sloppy typing, style words on prompts for generators; jailbreak wrappers;
a dropped prompt in some pairs. `headgate_contrasts` and `headgate_answers` are templates of this project,
`headgate_own` is {own} rows written for it (all CC0), `headgate_settings` are jailbreak openings before a harmless
request.
One group of near-duplicates in forty was held out; calibration, threshold and the false-alarm table come from there
alone. The evaluation sets were never trained on nor used to choose a threshold; their aggregate results guided changes
to the mix. Quantised token by token: a text scores the same, to the bit, whatever it is batched with.
"""

_LIMITS = """\
## Known failures

- English only: other languages were a small part of the training, and their figures are poor.
- Human-labelled pairs under a free licence are scarce (about 13,000), so answers that harm politely are missed.
- Severity was learned from each set's own grades, mostly of posts: take it as an order, not as a measure.
- Sexual content for adults, copyright and image prompts without a telling word are weak spots.
- Sarcasm, implied hate, and harmful requests split over several messages pass more often than plain ones.
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
    shares = ", ".join(f"{kind} {share:.1%}" for kind, share in SHARES.items())
    own = f"{sum(row.source == 'headgate_own' for row in rows):,}"
    recipe = _RECIPE.format(own=own, seen=run["rows"], minutes=run["seconds"] / 60, shares=shares)
    parts = (head, _figures(metrics), _size(manifest), recipe, _sources(rows), _LIMITS)
    return "\n".join(parts)


def _figures(metrics: Mapping[str, Any]) -> str:
    lines = [
        "## Figures",
        "",
        "At the one threshold. FPR: share of harmless rows flagged. Floor: F1 of TF-IDF at 0.5, where measured.",
        "",
        "| set | rows | F1 | precision | recall | FPR | AUPRC | AUROC | floor |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, one in metrics["sets"].items():
        cells = " | ".join(f"{one[key] * 100:.1f}" for key in ("f1", "precision", "recall", "fpr"))
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
        "",
    ]


def _size(manifest: Mapping[str, Any]) -> str:
    flips = manifest["metrics"]["int8_flips"]
    times = ", ".join(f"{tokens} tokens {ms} ms" for tokens, ms in manifest["metrics"]["milliseconds"].items())
    digests = "\n".join(
        f"- `{name}` {one['bytes']:,} bytes, sha256 `{one['sha256']}`" for name, one in manifest["files"].items()
    )
    return (
        "## Size, speed and precision\n\n"
        f"{digests}\n- int8 against fp32: {flips['share']:.2%} of {flips['rows']:,} decisions differ"
        f" (largest difference in probability {flips['worst']}).\n"
        f"- One text, one thread of a server CPU, without tokenisation: {times}.\n"
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
