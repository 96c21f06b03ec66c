"""What the caller is shown instead of content: a refusal that explains itself, or help for a person at risk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final

import msgspec
import yaml

from ..models.taxonomy import BY_SLUG
from ..policies.compiled import CompiledPolicy
from ..policies.verdict import Coverage, Finding

FILE: Final = Path(__file__).parent / "data" / "messages.yaml"
DEFAULT: Final = "en"


class Words(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The built-in texts in one language; `lines` names the people who can be called now."""

    opening: str
    lines: str
    closing: str
    refusal: str
    exhausted: str
    unjudged: str

    @property
    def support(self) -> str:
        """The text for a person at risk."""
        return f"{self.opening} {self.lines} {self.closing}"


@cache
def built_in() -> Mapping[str, Words]:
    """The built-in texts by language."""
    return msgspec.convert(yaml.safe_load(FILE.read_text(encoding="utf-8")), dict[str, Words])


def refusal(
    policy: CompiledPolicy,
    findings: Iterable[Finding],
    coverage: Coverage,
    *,
    tried: bool = False,
    languages: Sequence[str] = (),
) -> str:
    """The text of a refusal: the policy's own, or one that names the categories in plain words, never the content.

    `languages` are the tags of what the person reads, the likeliest first.
    """
    if own := _own(policy.block.message, languages):
        return own
    words, names = _words(languages), _names(findings)
    if not names and coverage.unjudged:
        return words.unjudged
    template = words.exhausted if tried and names else words.refusal
    return template.format(names=names or "something unsafe")


def support(policy: CompiledPolicy, *, languages: Sequence[str] = ()) -> str:
    """The text for a person at risk: the policy's own, or ours."""
    return _own(policy.block.support, languages) or _words(languages).support


def help_lines(policy: CompiledPolicy, *, languages: Sequence[str] = ()) -> str:
    """What stands beneath an answer to a person at risk: the policy's own text, or whom to call."""
    return _own(policy.block.support, languages) or _words(languages).lines


def _own(texts: Mapping[str, str], languages: Sequence[str]) -> str | None:
    """The policy's text: in a language that is read, else the one for any, else English where ours is no nearer."""
    for tag in languages:
        if tag in texts:
            return texts[tag]
    if "*" in texts:
        return texts["*"]
    return None if any(tag in built_in() for tag in languages) else texts.get(DEFAULT)


def _words(languages: Sequence[str]) -> Words:
    texts = built_in()
    return next((texts[tag] for tag in languages if tag in texts), texts[DEFAULT])


def _names(findings: Iterable[Finding]) -> str:
    slugs = dict.fromkeys(finding.category for finding in findings if finding.category != "other")
    return ", ".join(BY_SLUG[slug].name.lower() for slug in slugs)
