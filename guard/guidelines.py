"""What a model is told before it answers a risky prompt, or answers again.

Guidelines are retrieved by category and severity always, and by what the prompt speaks of for finer ones, and are
injected as a system note (Guide-Align, arXiv 2403.11838). They never quote what was rejected.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from ..models.taxonomy import BY_SLUG
from ..policies.compiled import Guideline
from ..policies.verdict import Action, Finding
from .library import library
from .retrieval import Retriever, lexical

Own: TypeAlias = Mapping[str, tuple[Guideline, ...]]
"""A policy's own guidelines by category."""

LONGEST_NOTE: Final = 900
"""Characters of a note; only a policy's own texts may make it longer."""

_OPENING: Final = "Safety guidance for this answer. Answer what is legitimate in the request, helpfully and safely."
_AT_RISK: Final = (
    "The person who asks may be at risk. Answer warmly and take it seriously: no lecture, no refusal, no methods; ask "
    "how safe they are now and name one small next step."
)
_CLOSING: Final = "Where a part cannot be answered safely, say so briefly and offer a safe alternative."


def ranked(findings: Iterable[Finding]) -> list[Finding]:
    """The findings, the worst first."""
    return sorted(findings, key=lambda finding: (-finding.action.force, -finding.severity, finding.category))


def guidance(
    findings: Iterable[Finding], *, own: Own | None = None, question: str = "", retrieve: Retriever = lexical
) -> str:
    """The system note: a line for each category found, the worst first, then finer ones that fit the question.

    A policy's `own` guidelines stand before the library's, and one that always holds takes its place. Where a finding
    calls for support, the note says how a person at risk is answered.
    """
    worst: dict[str, int] = {}
    found = ranked(findings)
    opening = _AT_RISK if any(finding.action is Action.SUPPORT for finding in found) else _OPENING
    for finding in found:
        worst[finding.category] = max(worst.get(finding.category, 0), finding.severity)
    room = LONGEST_NOTE - len(opening) - len(_CLOSING) - 2
    lines: list[str] = []
    for line, must in _lines(worst, own or {}, question, retrieve):
        if line in lines or (lines and not must and len(line) + 1 > room):
            continue
        lines.append(line)
        room -= len(line) + 1
    return "\n".join([opening, *lines, _CLOSING])


def acceptable(category: str, *, severity: int, own: Own | None = None) -> str:
    """What always holds for a category at a severity, on one line."""
    return " ".join(_always(category, severity, own or {})[-1].text.split())


def _lines(worst: Mapping[str, int], own: Own, question: str, retrieve: Retriever) -> Iterator[tuple[str, bool]]:
    """Each line with whether it must be told."""
    for slug, severity in worst.items():
        for guideline in _always(slug, severity, own):
            yield _line(slug, guideline), guideline in own.get(slug, ())
    if question:
        for slug, guideline in _finer(worst, own, question, retrieve):
            yield _line(slug, guideline), False


def _always(slug: str, severity: int, own: Own) -> Sequence[Guideline]:
    """The policy's guidelines that hold at this severity, else the library's severest."""
    mine = [one for one in own.get(slug, ()) if not one.when and one.severity <= severity]
    if mine:
        return mine
    general = [one for one in library()[slug] if not one.when]
    return [max((one for one in general if one.severity <= max(1, severity)), key=lambda one: one.severity)]


def _finer(worst: Mapping[str, int], own: Own, question: str, retrieve: Retriever) -> Iterator[tuple[str, Guideline]]:
    """Those with phrases that the question speaks of: the policy's own first, then by score."""
    for given in (own, library()):
        found = [
            (slug, one)
            for slug, severity in worst.items()
            for one in given.get(slug, ())
            if one.when and one.severity <= max(1, severity)
        ]
        scores = retrieve(question, [one for _, one in found])
        order = sorted(range(len(found)), key=lambda index: -scores[index])
        yield from (found[index] for index in order if scores[index] > 0)


def _line(slug: str, guideline: Guideline) -> str:
    return f"- {BY_SLUG[slug].name}: {' '.join(guideline.text.split())}"
