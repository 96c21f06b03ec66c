"""Reads the labelled sets, keeps what the licence lets us ship, and makes one kind of row of them."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from . import labels
from .rows import UNKNOWN, Row

HARD_SOURCES = frozenset(
    [
        "mlcommons_v05_typical_safe",
        "notinject",
        "cyberseceval_instruct",
        "cyberseceval_analyst_questions",
        "mitre_frr_benign_cyber",
        "convabuse",
        "deepset_injections_train",
        "caia_safety",
    ]
)
ENGLISH_LIKE = frozenset(("en", "singlish"))
MACHINE_WEIGHT = 0.7
PROMPT_LABELS = {
    "salad_mcq_responses": True,
    "gptfuzz_labeled_train": True,
    "oasst1_en": False,
    "dolly_1000": False,
    "gpteacher_roleplay": False,
    "arena_bench_v1": False,
    "arena_hard_v0.1_answers": False,
    "caia_safety": False,
    "owasp_cheatsheets": False,
    "mbpp": False,
    "gsm8k": False,
}
SKIPPED = frozenset(("sms_spam",))  # its unsafe rows are advertisements
_REFUSAL = re.compile(
    r"^\W*(as an ai|i('m| am) (sorry|afraid|unable|not able|not going)|sorry,|i (can(no|')t|cannot|won't|will not|"
    r"must (decline|refuse))|i apologi[sz]e|unfortunately, i|it is (not|never) (appropriate|ethical|legal)|"
    r"i do not (condone|support)|i don't (think|feel) (it|comfortable)|my apologies)",
    re.IGNORECASE,
)
_FREE = re.compile(r"\b(MIT|Apache|CC0|CC[ -]BY(?![ -]NC)|BSD|ODC-BY)\b", re.IGNORECASE)


def looks_like_refusal(response: str) -> bool:
    """Whether an answer opens like a refusal."""
    return _REFUSAL.match(response[:160]) is not None


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a Zstandard-compressed JSON-lines file."""
    import zstandard

    with path.open("rb") as raw, zstandard.ZstdDecompressor().stream_reader(raw) as stream:
        for line in io.TextIOWrapper(stream, encoding="utf-8"):
            yield msgspec.json.decode(line)


def load_text(path: Path, *, research: bool = False) -> Iterator[Row]:
    """Rows of the text sets whose licence allows commercial use; with `research` of all text sets."""
    for raw in read_lines(path):
        if (raw["commercial"] or research) and raw["source"] not in SKIPPED:
            row = text_row(raw)
            if row is not None:
                yield row


def text_row(raw: dict[str, Any]) -> Row | None:
    """One row of the common columns, or None where its label teaches a topic instead of a harm."""
    source, category, label = raw["source"], raw["category"], raw["label"]
    if label == "unsafe" and labels.is_topic_only(source, category):
        return None
    pair, human = raw["kind"] == "pair", raw["human"]
    response = raw["response"] if pair else None
    slugs = categories_of(source, category, label)
    severity = raw["severity"]
    positive = label in ("unsafe", "attack")
    return Row(
        source=source,
        marker={"prompt": "chat", "pair": "pair"}.get(raw["kind"], "text"),
        prompt=raw["prompt"] or "",
        response=response,
        unsafe=_unsafe_target(source, label),
        attack=1.0 if label == "attack" else 0.0,
        severity=-1 if severity is None or (positive and severity == 0) or label == "attack" else severity,
        sensitive=1.0 if label == "sensitive" else 0.0,
        refusal=float(looks_like_refusal(response)) if response is not None else UNKNOWN,
        categories=slugs,
        maybe=labels.neighbours(slugs) if slugs else (),
        weight=1.0 if human else MACHINE_WEIGHT,
        english=raw["lang"] in ENGLISH_LIKE,
        hard=label == "safe" and source in HARD_SOURCES,
        licence=raw["licence"],
    )


def prompts_of_pairs(rows: Iterable[Row]) -> list[Row]:
    """The questions of pairs as prompts of their own: ordinary ones are safe, those of attack sets unsafe."""
    made: dict[str, Row] = {}
    for row in rows:
        if row.marker != "pair" or row.source not in PROMPT_LABELS or not row.english:
            continue
        unsafe = PROMPT_LABELS[row.source]
        prompt = msgspec.structs.replace(
            row,
            marker="chat",
            response=None,
            unsafe=float(unsafe),
            refusal=UNKNOWN,
            severity=-1 if unsafe else 0,
            categories=None if unsafe else (),
            maybe=(),
            weight=0.6 if unsafe else row.weight,
            hard=row.source in HARD_SOURCES,
        )
        made.setdefault(row.prompt, prompt)
    return list(made.values())


def categories_of(source: str, category: str | None, label: str) -> tuple[str, ...] | None:
    """Slugs of a row: none for a safe one, None where unknown."""
    if label == "safe":
        return ()
    return labels.slugs_of(source, category) if label == "unsafe" else None


def _unsafe_target(source: str, label: str) -> float:
    if label == "attack":
        return 1.0 if source == "wildjailbreak_2000" else UNKNOWN
    return 1.0 if label == "unsafe" else 0.0


def load_visual(path: Path) -> Iterator[Row]:
    """Prompts for image and video generators: licensed ones with a certain label."""
    for raw in read_lines(path):
        if raw["label"] == -1 or not _FREE.search(raw["licence"]):
            continue
        slugs = labels.slugs_of(raw["source"], raw["category"]) if raw["label"] else ()
        yield Row(
            source=raw["source"],
            marker=raw["task"],
            prompt=raw["text"],
            unsafe=float(raw["label"]),
            severity=-1 if raw["label"] else 0,
            categories=slugs,
            maybe=labels.neighbours(slugs) if slugs else (),
            weight=MACHINE_WEIGHT if raw["source"] == "CoProV2" else 1.0,
            hard=raw["source"] == "OVERT-full-rest",
            licence=raw["licence"],
        )
