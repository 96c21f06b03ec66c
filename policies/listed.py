"""What a policy says of circumstances and of words, in the form that runs."""

from __future__ import annotations

import msgspec

from .blocks import Likening, PiiKind
from .verdict import Action


class When(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Circumstances that all have to hold; an empty one always does. Names may hold `*` and `?`.

    `severity` (1..3) and `strikes` are the least that count.
    """

    tenant: tuple[str, ...] = ()
    route: tuple[str, ...] = ()
    model: tuple[str, ...] = ()
    language: tuple[str, ...] = ()
    tool: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    severity: int = 0
    direction: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    purpose: tuple[str, ...] = ()
    strikes: float = 0.0

    @property
    def of_findings(self) -> bool:
        """Whether it speaks of what was found in a part, and not of the part."""
        return bool(self.category or self.severity)


class Rule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where `when` holds, at least `action` is done."""

    name: str
    when: When
    action: Action


class Excuse(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where `when` holds, findings get at most `action`, until the day `expires`."""

    name: str
    when: When
    action: Action
    reason: str
    expires: str


class WordList(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Words and expressions; `action` for what is found, or None where the matrix says by `category` and `severity`.

    `file` holds further words, and `digest` names what it held when the policy was loaded.
    """

    name: str
    words: tuple[str, ...] = ()
    regex: tuple[str, ...] = ()
    file: str = ""
    digest: str = ""
    allow: bool = False
    action: Action | None = None
    category: str = "other"
    severity: int = 2
    directions: tuple[str, ...] = ()
    whole_words: bool = True
    ignore_case: bool = True


class Custom(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A category by its examples (a description is one); `action` or the matrix, as for a list.

    `threshold` None is the one that goes with `by`.
    """

    name: str
    examples: tuple[str, ...]
    counterexamples: tuple[str, ...] = ()
    by: Likening = "meaning"
    threshold: float | None = None
    action: Action | None = None
    category: str = "other"
    severity: int = 2
    directions: tuple[str, ...] = ()


class Pii(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Kinds of personal data, and the action about them in each direction."""

    kinds: tuple[PiiKind, ...]
    actions: dict[str, Action]
    region: str | None = None
    restore: bool = True
