"""Placeholders for what must not leave: each stretch of a text that is masked, and what stood there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from ..models.content import Part, Text
from ..policies.decide import Decision
from ..policies.verdict import Action, Finding


class Cut(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of the text at `path`, in code points, with its placeholder and the words to be put back, if any."""

    path: str
    start: int
    end: int
    placeholder: str
    words: str


def cuts_of(decision: Decision, parts: Sequence[Part], *, restore: bool = False) -> tuple[Cut, ...]:
    """The cuts of a prompt: of texts of which every masked stretch is known; all others are masked whole.

    The same words get the same placeholder, `[EMAIL_1]` for what `pii.email` found. With `restore` personal data is to
    be put back into the answer; what lists found is not.
    """
    masked: dict[str, list[Finding]] = {}
    for finding in decision.findings:
        if finding.action is Action.REDACT:
            masked.setdefault(finding.part, []).append(finding)
    whole = {miss.part for miss in decision.coverage.unjudged if miss.action is Action.REDACT}
    names: dict[tuple[str, str], str] = {}
    found: list[Cut] = []
    for part in parts:
        findings = masked.get(part.path, [])
        if findings and isinstance(part, Text) and part.path not in whole and all(one.spans for one in findings):
            found += _cuts(part, findings, names, restore)
    return tuple(found)


def cut_text(text: str, cuts: Iterable[Cut]) -> str:
    """The text with placeholders in place of its cuts."""
    for cut in sorted(cuts, key=lambda one: -one.start):
        text = text[: cut.start] + cut.placeholder + text[cut.end :]
    return text


def words_of(cuts: Iterable[Cut]) -> dict[str, str]:
    """What is to be put back for each placeholder."""
    return {cut.placeholder: cut.words for cut in cuts if cut.words}


def restored(data: bytes, words: Mapping[str, str]) -> bytes:
    """JSON in which placeholders are replaced by the words that they stand for."""
    for placeholder, original in words.items():
        # A placeholder has no character that JSON escapes, so it stands in the bytes as it is.
        data = data.replace(placeholder.encode(), msgspec.json.encode(original)[1:-1])
    return data


def restored_text(text: str, words: Mapping[str, str]) -> str:
    """The same in a plain text."""
    for placeholder, original in words.items():
        text = text.replace(placeholder, original)
    return text


def _cuts(part: Text, findings: Iterable[Finding], names: dict[tuple[str, str], str], restore: bool) -> list[Cut]:
    """The stretches of one text, joined where they overlap, under the name of the rule that found the first."""
    spans = sorted((start, end, finding.rule) for finding in findings for start, end in finding.spans)
    joined: list[tuple[int, int, str]] = []
    for start, end, rule in spans:
        if joined and start < joined[-1][1]:
            before = joined[-1]
            joined[-1] = (before[0], max(before[1], end), before[2])
        else:
            joined.append((start, end, rule))
    return [_cut(part, start, end, rule, names, restore) for start, end, rule in joined]


def _cut(part: Text, start: int, end: int, rule: str, names: dict[tuple[str, str], str], restore: bool) -> Cut:
    words = part.text[start:end]
    kind = "".join(char if char.isascii() and char.isalnum() else "_" for char in rule.rpartition(".")[2]).upper()
    number = 1 + sum(one == kind for one, _ in names)
    placeholder = names.setdefault((kind, words), f"[{kind}_{number}]")
    kept = words if restore and rule.startswith("pii.") else ""
    return Cut(path=part.path, start=start, end=end, placeholder=placeholder, words=kept)
