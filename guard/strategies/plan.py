"""What a strategy is told and what it returns."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from ...policies.compiled import Guideline
from ...policies.verdict import Finding
from ..effects import Consult


class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that was not good enough: its round, the findings about it and about the prompt.

    `answer` is the rejected text, which may go to a helper model and nowhere else; `sentence` is the number of its
    sentence with which the first rejected piece begins, None where none was; `services` are the helpers there are.
    """

    round: int
    findings: tuple[Finding, ...]
    prompt_findings: tuple[Finding, ...] = ()
    guidelines: Mapping[str, tuple[Guideline, ...]] = {}
    n: int = 1
    question: str = ""
    answer: str = ""
    sentence: int | None = None
    services: frozenset[str] = frozenset()


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How to ask again: a system note, and how many candidates to draw (None: as many as the caller wants).

    `consult` makes a helper model's text the next answer, judged like any other. `rewrite` lets a helper rewrite the
    prompt first. `turns` are further messages, (role, content) each, for this draw alone.
    """

    guidance: str | None = None
    n: int | None = None
    consult: Consult | None = None
    rewrite: Consult | None = None
    turns: tuple[tuple[str, str], ...] = ()
