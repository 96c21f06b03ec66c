"""What one row asks to judge: one exchange, or the two sides of a preference pair, and one verdict for the row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from ...models.errors import InputError
from ...policies.verdict import Coverage, Finding, Missed, Verdict
from ..bulk import Concluded
from ..rows import Columns, Exchange, exchange
from .presets import prepared

_ANSWER: Final = "response[0]"


class Sides(msgspec.Struct, frozen=True):
    """Exchanges of one row; `names` are the columns of a preference pair's sides, empty where there is one exchange."""

    exchanges: tuple[Exchange, ...]
    names: tuple[str, ...] = ()


def sides(row: Mapping[str, Any], layout: Columns, *, preset: str = "") -> Sides:
    """What the row asks to judge; InputError names the column that is missing or cannot be read."""
    if preset:
        row = prepared(row, preset)
    pair = {name: layout.get(row, name) for name in ("chosen", "rejected")}
    if any(value is None for value in pair.values()):
        return Sides((exchange(row, layout),))
    prompt = layout.get(row, "prompt")
    found = tuple(_side(name, value, prompt, layout) for name, value in pair.items())
    return Sides(found, tuple(pair))


def joined(found: Sequence[Concluded], both: Sides, *, spare_rejected: bool = False) -> Concluded:
    """One conclusion: the stronger of both sides, findings named after their column.

    With `spare_rejected` the rejected side is judged and reported, and does not decide.
    """
    if not both.names:
        return found[0]
    verdicts = [_named(one.verdict, name) for one, name in zip(found, both.names, strict=True)]
    decides = verdicts[:1] if spare_rejected else verdicts
    strongest = max(decides, key=lambda verdict: verdict.action.force)
    verdict = msgspec.structs.replace(
        strongest,
        findings=_once(finding for one in verdicts for finding in one.findings),
        coverage=Coverage(
            judged=tuple(dict.fromkeys(path for one in verdicts for path in one.coverage.judged)),
            unjudged=tuple(dict.fromkeys(missed for one in verdicts for missed in one.unjudged)),
        ),
    )
    return Concluded(verdict, tuple(assessment for one in found for assessment in one.assessments))


def _side(name: str, value: Any, prompt: Any, layout: Columns) -> Exchange:
    if isinstance(value, list):
        return exchange({"messages": value}, Columns())
    if not isinstance(value, str):
        column = layout.names.get(name, name)
        raise InputError(f"{column} must be a text or a list of messages, not {type(value).__name__}", param=name)
    if isinstance(prompt, list):
        return exchange({"messages": [*prompt, {"role": "assistant", "content": value}]}, Columns())
    return exchange({"prompt": prompt, "response": value, "kind": "pair"}, Columns())


def _named(verdict: Verdict, name: str) -> Verdict:
    """The verdict with parts of the answer under the column's name."""

    def own(part: str) -> str:
        return part.replace(_ANSWER, name, 1) if part.startswith(_ANSWER) else part

    return msgspec.structs.replace(
        verdict,
        findings=tuple(msgspec.structs.replace(finding, part=own(finding.part)) for finding in verdict.findings),
        coverage=Coverage(
            judged=tuple(map(own, verdict.coverage.judged)),
            unjudged=tuple(_renamed(missed, own(missed.part)) for missed in verdict.unjudged),
        ),
    )


def _renamed(missed: Missed, part: str) -> Missed:
    return msgspec.structs.replace(missed, part=part)


def _once(findings: Any) -> tuple[Finding, ...]:
    return tuple(dict.fromkeys(findings))
