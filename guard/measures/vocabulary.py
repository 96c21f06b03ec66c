"""In which taxonomy does a set name its categories, and what do the names mean in ours?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from ...models.crosswalk import TAXONOMIES, imported, labels
from ...models.taxonomy import SLUGS

Slugs = tuple[str, ...]

# The crosswalk numbers BeaverTails' labels and spells OpenAI's out; their published rows do it the other way round.
_BEAVERTAILS: Final = (
    "animal_abuse",
    "child_abuse",
    "controversial_topics,politics",
    "discrimination,stereotype,injustice",
    "drug_abuse,weapons,banned_substance",
    "financial_crime,property_crime,theft",
    "hate_speech,offensive_language",
    "misinformation_regarding_ethics,laws_and_safety",
    "non_violent_unethical_behavior",
    "privacy_violation",
    "self_harm",
    "sexually_explicit,adult_content",
    "terrorism,organized_crime",
    "violence,aiding_and_abetting,incitement",
)
_OPENAI: Final = {
    "S": "sexual",
    "S3": "sexual/minors",
    "H": "hate",
    "H2": "hate/threatening",
    "HR": "harassment",
    "SH": "self-harm",
    "V": "violence",
    "V2": "violence/graphic",
}


class Vocabulary(msgspec.Struct, frozen=True):
    """The taxonomy that a set's category names belong to, how several stand in one field, and what each means here."""

    taxonomy: str
    separator: str
    meanings: Mapping[str, Slugs]

    def slugs(self, category: str) -> Slugs:
        """Our slugs of a row's category, each once; names that the taxonomy does not have say nothing."""
        found = (self.meanings.get(name, ()) for name in _names(category, self.separator))
        return tuple(dict.fromkeys(slug for slugs in found for slug in slugs))


def vocabulary(categories: Iterable[str]) -> Vocabulary | None:
    """The one taxonomy that has every name among the categories; None where none has, or two read them differently."""
    values = set(categories)
    for separator in ("|", ","):
        used = {name for value in values for name in _names(value, separator)}
        fits = [
            Vocabulary(taxonomy, separator, meanings)
            for taxonomy, meanings in _KNOWN.items()
            if used <= meanings.keys()
        ]
        if used and fits:
            first = fits[0]
            agreed = all(other.meanings[name] == first.meanings[name] for other in fits[1:] for name in used)
            return first if first.taxonomy == "headgate" or agreed else None
    return None


def _names(value: str, separator: str) -> list[str]:
    return [name.strip() for name in value.split(separator) if name.strip()]


def _known() -> dict[str, Mapping[str, Slugs]]:
    known: dict[str, Mapping[str, Slugs]] = {"headgate": {slug: (slug,) for slug in SLUGS}}
    for taxonomy in TAXONOMIES:
        entries = {label: imported(taxonomy, label) for label in labels(taxonomy)}
        known[taxonomy] = {label: entry.candidates or (entry.primary, *entry.also) for label, entry in entries.items()}
    known["BeaverTails"] = {name: known["BT"][str(number)] for number, name in enumerate(_BEAVERTAILS)}
    known["OpenAI"] = {short: known["OAI"][name] for short, name in _OPENAI.items()}
    return known


_KNOWN: Final = _known()
