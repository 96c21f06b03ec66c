"""Rows written by hand for this project (CC0): graded answers, twins that differ in one fact, ordinary requests."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from .mix import OWN_SOURCE
from .rows import UNKNOWN, Row

FOLDER = Path(__file__).parent / "data" / "own"
_MARKERS = {"pair": "pair", "text": "text"}


class OwnRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line of a file; rows that share `twin` differ in what makes one of them harmful."""

    kind: Literal["prompt", "pair", "text"]
    purpose: Literal["chat", "t2i", "t2v"]
    prompt: str
    response: str | None
    label: Literal["safe", "unsafe", "attack", "sensitive"]
    severity: int
    categories: tuple[str, ...]
    refusal: bool | None
    twin: str | None


def rows(folder: Path = FOLDER) -> list[Row]:
    """All rows of the folder's files; msgspec.ValidationError names what is malformed."""
    decoder = msgspec.json.Decoder(OwnRow)
    lines = (line for path in sorted(folder.glob("*.jsonl")) for line in path.read_bytes().splitlines())
    return [_row(decoder.decode(line)) for line in lines if line.strip()]


def _row(own: OwnRow) -> Row:
    unsafe, attack = own.label == "unsafe", own.label == "attack"
    harms = tuple(slug for slug in own.categories if slug != "prompt_attack")
    return Row(
        source=OWN_SOURCE,
        marker=_MARKERS.get(own.kind, own.purpose),
        prompt=own.prompt,
        response=own.response if own.kind == "pair" else None,
        # An attack may carry harm or none: its own head learns it, and `unsafe` only where there is a payload.
        unsafe=(1.0 if harms else UNKNOWN) if attack else float(unsafe),
        # An unsafe text may also be called an attack; then the label leaves that head open.
        attack=1.0 if attack else UNKNOWN if unsafe and "prompt_attack" in own.categories else 0.0,
        severity=-1 if attack else own.severity,
        sensitive=float(own.label == "sensitive"),
        refusal=UNKNOWN if own.refusal is None else float(own.refusal),
        categories=_slugs(own.label, harms),
        hard=own.label == "safe" and own.twin is not None,
        group=own.twin or "",
    )


def _slugs(label: str, harms: tuple[str, ...]) -> tuple[str, ...] | None:
    """None where the label says too little: a person at risk speaks of self-harm without harming anybody."""
    if label == "safe":
        return ()
    return None if label == "sensitive" else harms or None
