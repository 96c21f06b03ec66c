"""The words of the policy language: names of actions, directions and severities, and what can be done where."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from ..models.taxonomy import SLUGS

ActionName: TypeAlias = Literal["allow", "flag", "guideline", "redact", "correct", "regenerate", "support", "refuse"]
DirectionName: TypeAlias = Literal["input", "output", "tool_result", "document"]
SeverityName: TypeAlias = Literal["none", "minor", "moderate", "severe"]
LevelName: TypeAlias = Literal["minor", "moderate", "severe"]
KindName: TypeAlias = Literal["text", "image", "video", "opaque"]
PurposeName: TypeAlias = Literal["chat", "t2i", "t2v"]

DIRECTIONS: tuple[DirectionName, ...] = ("input", "output", "tool_result", "document")
LEVELS: tuple[SeverityName, ...] = ("minor", "moderate", "severe")
POSSIBLE: dict[str, tuple[ActionName, ...]] = {
    "input": ("allow", "flag", "guideline", "redact", "support", "refuse"),
    "output": ("allow", "flag", "redact", "correct", "regenerate", "support", "refuse"),
    "tool_result": ("allow", "flag", "guideline", "redact", "refuse"),
    "document": ("allow", "flag", "guideline", "redact", "refuse"),
}
"""The actions that can be taken in each direction."""

POSSIBLE_UNJUDGED: tuple[ActionName, ...] = ("allow", "flag", "redact", "refuse")
"""The actions that can be taken without a judgement."""

KINDS = ("text", "image", "video", "opaque")
SERVICES = ("corrector", "rewriter", "critic")
THRESHOLD_KEYS = ("default", "sensitive", *SLUGS)


class Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mapping that refuses keys it does not know."""
