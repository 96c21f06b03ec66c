"""What a strategy is told and what it returns."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from ...policies.verdict import Finding


class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that was not good enough: its round, the findings about it and about the prompt."""

    round: int
    findings: tuple[Finding, ...]
    prompt_findings: tuple[Finding, ...] = ()
    guidelines: Mapping[str, str] = {}
    n: int = 1


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How to ask again: a system note, and how many candidates to draw (None: as many as the caller wants)."""

    guidance: str | None = None
    n: int | None = None
