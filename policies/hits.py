"""What lists, PII and own categories find in a text, before the policy says what is done about it."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

Stretch: TypeAlias = tuple[int, int]
"""Where something stands in a text: its start and end in code points."""

MOST_SPANS = 32
"""Stretches that one hit names; what else is found by the same rule is not told."""


class Hit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that was found in a part by a line of the policy, `rule` (`lists.secrets`, `pii.email`).

    `score` reached `threshold`. `excuses` is True for a text that is an entry of an allow-list from end to end, and
    `more` where there was too much to name: what is masked is the whole part then.
    """

    rule: str
    score: float = 1.0
    threshold: float = 1.0
    spans: tuple[Stretch, ...] = ()
    excuses: bool = False
    more: bool = False
