"""Rows written by hand for this project (CC0): graded answers, twins that differ in one fact, ordinary requests."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from .rows import UNKNOWN, Row

SOURCE = "headgate_own"
FILE = Path(__file__).parent / "data" / "own.jsonl"
_MARKERS = {"pair": "pair", "text": "text"}


class OwnRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line of the file; rows that share `twin` differ in what makes one of them harmful."""

    kind: Literal["prompt", "pair", "text"]
    purpose: Literal["chat", "t2i", "t2v"]
    prompt: str
    response: str | None
    label: Literal["safe", "unsafe", "attack", "sensitive"]
    severity: int
    categories: tuple[str, ...]
    refusal: bool | None
    twin: str | None


def rows(path: Path = FILE) -> list[Row]:
    """All rows of the file; msgspec.ValidationError names what is malformed."""
    decoder = msgspec.json.Decoder(OwnRow)
    return [_row(decoder.decode(line)) for line in path.read_bytes().splitlines() if line.strip()]


def _row(own: OwnRow) -> Row:
    unsafe, attack = own.label == "unsafe", own.label == "attack"
    payload = tuple(slug for slug in own.categories if slug != "prompt_attack")
    return Row(
        source=SOURCE,
        marker=_MARKERS.get(own.kind, own.purpose),
        prompt=own.prompt,
        response=own.response if own.kind == "pair" else None,
        # An attack may carry harm or none: its own head learns it, and `unsafe` only where there is a payload.
        unsafe=(1.0 if payload else UNKNOWN) if attack else float(unsafe),
        attack=float(attack),
        severity=-1 if attack else own.severity,
        sensitive=float(own.label == "sensitive"),
        refusal=UNKNOWN if own.refusal is None else float(own.refusal),
        categories=(payload or None) if attack else payload if unsafe else (),
        hard=own.label == "safe" and own.twin is not None,
    )
