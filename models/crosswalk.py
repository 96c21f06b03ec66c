"""Between our categories and ten other taxonomies: what a foreign label lets us conclude, and where ours would land.

The two directions are two tables, never one inverted. An ambiguous label names its candidates; a taxonomy's coverage
says which categories it can speak of at all, so that an absent one reads "not assessed" and never "safe".
"""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

import msgspec

from .crosswalk_tables import COLUMNS, EXPORT, IMPORT
from .errors import ConfigError
from .taxonomy import BY_ID, BY_SLUG

Taxonomy: TypeAlias = Literal["BT", "BTV", "SS", "LG", "OAI", "AZ", "SG", "QW", "AE", "GRANITE"]
"""BeaverTails, BeaverTails-V, SafeSora, Llama Guard 3/4, OpenAI, Azure, ShieldGemma, Qwen3Guard, Aegis 2, Granite."""

TAXONOMIES: tuple[Taxonomy, ...] = get_args(Taxonomy)


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What a foreign label lets us conclude: its first meaning, what else it holds, and a severity where it says one.

    Where `ambiguous`, `candidates` are all the meanings that it may have, and a policy that acts on any of them acts.
    """

    primary: str
    also: tuple[str, ...] = ()
    ambiguous: bool = False
    candidates: tuple[str, ...] = ()
    severity: int | None = None
    tag: str = ""


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """The foreign labels under which content of a category would land, for sure or in part; both empty for none."""

    primary: tuple[str, ...] = ()
    partial: tuple[str, ...] = ()


def labels(taxonomy: Taxonomy) -> tuple[str, ...]:
    """Every label of a taxonomy that can be imported, in its own order."""
    return tuple(IMPORT[taxonomy])


def imported(taxonomy: Taxonomy, label: str) -> Imported:
    """What a label of a taxonomy means here; ConfigError lists the labels where it has no such one."""
    entry = IMPORT.get(taxonomy, {}).get(label)
    if entry is None:
        raise ConfigError(f"{taxonomy} has no label {label!r}; it has: {', '.join(IMPORT.get(taxonomy, {})) or 'none'}")
    first, *others = (BY_ID[id].slug for id in entry.ids)
    return Imported(
        primary=first,
        also=() if entry.ambiguous else tuple(others),
        ambiguous=entry.ambiguous,
        candidates=(first, *others) if entry.ambiguous else (),
        severity=entry.severity,
        tag=entry.tag,
    )


def exported(taxonomy: Taxonomy, slug: str) -> Exported:
    """Where a category lands in a taxonomy; ConfigError for a slug or taxonomy that is not one.

    Granite has no column of its own, so that nothing is exported to it.
    """
    if slug not in BY_SLUG:
        raise ConfigError(f"no category {slug!r}")
    if taxonomy not in TAXONOMIES:
        raise ConfigError(f"no taxonomy {taxonomy!r}; there are: {', '.join(TAXONOMIES)}")
    if taxonomy not in COLUMNS:
        return Exported()
    cell = EXPORT[BY_SLUG[slug].id][COLUMNS.index(taxonomy)]
    return Exported(primary=cell.primary, partial=cell.partial)


def covered(taxonomy: Taxonomy) -> frozenset[str]:
    """The categories that a taxonomy's labels can speak of, by any label and any of its meanings."""
    return frozenset(BY_ID[id].slug for entry in IMPORT[taxonomy].values() for id in entry.ids)


def severity_of_azure(level: int) -> int:
    """Azure's 0..7 (or the even levels alone) as 0..3: ordinal, since theirs is intensity and ours consequence."""
    if not 0 <= level <= 7:
        raise ConfigError(f"Azure severity {level} is outside 0..7")
    return level // 2


def severity_of_harmless_rate(rate: int) -> int:
    """BeaverTails-V's harmless rate -3..3 as severity: -3 is severe, zero and more is none."""
    if not -3 <= rate <= 3:
        raise ConfigError(f"harmless rate {rate} is outside -3..3")
    return max(0, -rate)


def severity_of_qwen(level: Literal["Safe", "Controversial", "Unsafe"], *, slug: str) -> int:
    """Qwen3Guard's level of a category: none, minor, or at least moderate."""
    match level:
        case "Safe":
            return 0
        case "Controversial":
            return 1
        case "Unsafe":
            return max(2, BY_SLUG[slug].severity)


def severity_when_flagged(slug: str) -> int:
    """The severity of a category that a guard without levels flagged: the category's default."""
    return BY_SLUG[slug].severity
