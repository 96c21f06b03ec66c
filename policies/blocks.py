"""The blocks of a policy that speak of circumstances and of words: rules, exceptions, lists, PII, own categories."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import UNSET, UnsetType

from .names import ActionName, DirectionName, KindName, LevelName, PurposeName, Strict

PiiKind: TypeAlias = Literal["email", "phone", "card", "iban", "ip", "ssn"]
PiiAction: TypeAlias = Literal["allow", "flag", "redact", "refuse"]
Likening: TypeAlias = Literal["meaning", "words"]
Words: TypeAlias = str | tuple[str, ...]
"""One name or several; `*` and `?` stand for any letters and any one letter."""


class WhenBlock(Strict, frozen=True, kw_only=True):
    """Circumstances, all of which have to hold; one that is left out always does.

    `severity` and `strikes` are the least that count. With `category` or `severity` it speaks of findings, else of the
    whole part.
    """

    tenant: Words | UnsetType = UNSET
    route: Words | UnsetType = UNSET
    model: Words | UnsetType = UNSET
    language: Words | UnsetType = UNSET
    tool: Words | UnsetType = UNSET
    category: Words | UnsetType = UNSET
    severity: LevelName | UnsetType = UNSET
    direction: DirectionName | tuple[DirectionName, ...] | UnsetType = UNSET
    kind: KindName | tuple[KindName, ...] | UnsetType = UNSET
    purpose: PurposeName | tuple[PurposeName, ...] | UnsetType = UNSET
    strikes: float | UnsetType = UNSET


class RuleBlock(Strict, frozen=True, kw_only=True):
    """Where `when` holds, at least `action` is done; a rule only ever tightens."""

    when: WhenBlock
    action: ActionName


class ExceptionBlock(Strict, frozen=True, kw_only=True):
    """Where `when` holds, findings get at most `action`: for a `reason`, and before the day `expires` (YYYY-MM-DD)."""

    when: WhenBlock
    reason: str
    expires: str
    action: Literal["allow", "flag"] = "flag"


class ListBlock(Strict, frozen=True, kw_only=True):
    """Words, regular expressions and lines of a file; every text that holds one is found.

    What is done is `action`, or what the matrix says of `category` at `severity`. With `allow: true` the list excuses:
    hits of other lists inside its own do not count, and a text that is an entry from end to end is flagged at most.
    """

    words: tuple[str, ...] = ()
    regex: tuple[str, ...] = ()
    file: str | None = None
    allow: bool = False
    action: ActionName | UnsetType = UNSET
    category: str = "other"
    severity: LevelName = "moderate"
    direction: DirectionName | tuple[DirectionName, ...] | UnsetType = UNSET
    whole_words: bool = True
    ignore_case: bool = True


class CustomBlock(Strict, frozen=True, kw_only=True):
    """A category of one's own: texts like its `examples` or its `description`, and less like its `counterexamples`.

    `by: meaning` asks the embedded text model what a text is about, `by: words` compares words alone. `threshold` is
    the score, 0..1, from which a text counts: where it is left out, one that was found on the examples themselves.
    """

    examples: tuple[str, ...] = ()
    counterexamples: tuple[str, ...] = ()
    description: str | UnsetType = UNSET
    by: Likening = "meaning"
    threshold: float | UnsetType = UNSET
    action: ActionName | UnsetType = UNSET
    category: str = "other"
    severity: LevelName = "moderate"
    direction: DirectionName | tuple[DirectionName, ...] | UnsetType = UNSET


class PiiBlock(Strict, frozen=True, kw_only=True):
    """Personal data by kind, and what is done about it in each direction; `redact` puts a placeholder in its place.

    `region` is the country whose phone numbers are written without a prefix. With `restore` the caller's answer gets
    back what stood where the placeholders are.
    """

    kinds: tuple[PiiKind, ...] = ("email", "phone", "card", "iban", "ip", "ssn")
    input: PiiAction = "redact"
    output: PiiAction = "flag"
    tool_result: PiiAction = "redact"
    document: PiiAction = "redact"
    region: str | None = None
    restore: bool = True
