"""Categories: the 19 of PKU-SafeRLHF (arXiv 2406.15513), five that no base label can carry, four for mapping only."""

from __future__ import annotations

import msgspec


class Category(msgspec.Struct, frozen=True, kw_only=True):
    """One category: its slug, a name for people, its default severity (1..3) and its display group."""

    slug: str
    id: str
    name: str
    severity: int
    group: str
    floor: int = 0
    mapping_only: bool = False
    tags: tuple[str, ...] = ()


def _c(id: str, slug: str, name: str, severity: int, group: str, **more: object) -> Category:
    return msgspec.convert(
        {"id": id, "slug": slug, "name": name, "severity": severity, "group": group, **more}, Category
    )


# Order is a contract: it is the order of the category columns in every shipped model.
CATEGORIES: tuple[Category, ...] = (
    _c("S1", "national_security", "Endangering national security", 3, "national"),
    _c("S2", "insult", "Insulting behavior", 2, "hate"),
    _c("S3", "discrimination", "Discriminatory behavior", 2, "hate"),
    _c("S4", "public_health", "Endangering public health", 2, "health"),
    _c("S5", "copyright", "Copyright issues", 2, "crime"),
    _c("S6", "violence", "Violence", 2, "violence"),
    _c("S7", "drugs", "Drugs", 2, "crime"),
    _c("S8", "privacy", "Privacy violation", 2, "privacy"),
    _c("S9", "economic_crime", "Economic crime", 2, "crime"),
    _c("S10", "mental_manipulation", "Mental manipulation", 2, "psychological"),
    _c("S11", "human_trafficking", "Human trafficking", 3, "crime"),
    _c("S12", "physical_harm", "Physical harm", 2, "violence"),
    _c("S13", "sexual_content", "Sexual content", 2, "sexual"),
    _c("S14", "cybercrime", "Cybercrime", 2, "crime"),
    _c("S15", "public_disorder", "Disrupting public order", 2, "crime"),
    _c("S16", "environment", "Environmental damage", 2, "health"),
    _c("S17", "psychological_harm", "Psychological harm", 2, "psychological"),
    _c("S18", "white_collar_crime", "White-collar crime", 2, "crime"),
    _c("S19", "animal_abuse", "Animal abuse", 2, "violence"),
    _c(
        "X1", "prompt_attack", "Prompt attack", 2, "attack",
        tags=("jailbreak", "injection_direct", "injection_indirect", "prompt_leak"),
    ),
    _c("X2", "child_safety", "Child safety", 3, "sexual", floor=3),
    _c("X3", "self_harm", "Self-harm", 2, "psychological", tags=("intent", "instructions")),
    _c("X4", "weapons", "Weapons", 2, "violence", tags=("cbrne", "conventional")),
    _c("X5", "misinformation", "Misinformation", 1, "information", tags=("election", "defamation", "health")),
    _c("X6", "graphic_content", "Graphic content", 1, "violence", mapping_only=True),
    _c("X7", "specialized_advice", "Specialized advice", 1, "information", mapping_only=True),
    _c("X8", "sensitive_topic", "Sensitive topic", 1, "information", mapping_only=True),
    _c("X9", "other", "Other", 1, "other", mapping_only=True),
)  # fmt: skip

SLUGS: tuple[str, ...] = tuple(category.slug for category in CATEGORIES)
BY_SLUG: dict[str, Category] = {category.slug: category for category in CATEGORIES}
BY_ID: dict[str, Category] = {category.id: category for category in CATEGORIES}


def category(slug: str) -> Category:
    """The category of a slug; KeyError names the slug."""
    return BY_SLUG[slug]
