"""The two crosswalk tables; every mapping is ours, read off the published names and definitions."""

from __future__ import annotations

import msgspec


class Meaning(msgspec.Struct, frozen=True, kw_only=True):
    """A foreign label: the ids of our categories, first the primary one."""

    ids: tuple[str, ...]
    ambiguous: bool = False
    severity: int | None = None
    tag: str = ""


class Landing(msgspec.Struct, frozen=True, kw_only=True):
    """A cell of the export table: foreign labels that fit, and those that fit in part."""

    primary: tuple[str, ...] = ()
    partial: tuple[str, ...] = ()


def _m(ids: str, *, ambiguous: bool = False, severity: int | None = None, tag: str = "") -> Meaning:
    return Meaning(ids=tuple(ids.split()), ambiguous=ambiguous, severity=severity, tag=tag)


def _l(cell: str) -> Landing:
    # "a, b [c]": a and b fit, c in part.
    primary, _, partial = cell.partition("[")
    return Landing(primary=_names(primary), partial=_names(partial.strip().rstrip("]")))


def _row(*halves: str) -> tuple[Landing, ...]:
    return tuple(_l(cell) for half in halves for cell in half.split("|"))


def _names(names: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in names.split(",") if name.strip())


COLUMNS = ("BT", "BTV", "SS", "LG", "OAI", "AZ", "SG", "QW", "AE")
"""The taxonomies of the export table, in the order of its columns."""

# Ours to theirs: where content of a category would land.
EXPORT: dict[str, tuple[Landing, ...]] = {
    "S1": _row(
        "12 | sensitive_information_in_key_areas, terrorism_or_extremism | terrorism",
        "S1 [S9] | illicit/violent | Violence | Dangerous | Violent [Unethical, Non-violent Illegal] | S3 [S18]",
    ),
    "S2": _row(
        "6 | insulting_and_harassing_behavior | hate",
        "S10 [S5] | harassment, harassment/threatening | Hate | Harassment | Unethical | S10, S12 [S11]",
    ),
    "S3": _row(
        "3 [6] | discriminatory_depictions | racism, other_discrimination",
        "S10 | hate, hate/threatening | Hate | Hate Speech | Unethical | S8",
    ),
    "S4": _row(
        "[7, 4] | harmful_health_content | [other_harmful]",
        "[S6, S9] | illicit |  | [Dangerous] | Non-violent Illegal | [S21]",
    ),
    "S5": _row("[8] |  | [other_harmful]", "S8 | illicit |  |  | Copyright | S20"),
    "S6": _row(
        "13 [12] | violence_and_physical_harm [terrorism_or_extremism] | violence [terrorism]",
        "S1 | violence, illicit/violent, harassment/threatening | Violence | Dangerous | Violent | S1 [S11]",
    ),
    "S7": _row("4 | [dangerous_behavior] | contraband", "S2 | illicit |  | [Dangerous] | Non-violent Illegal | S5"),
    "S8": _row(
        "9 | privacy_invasion_and_surveillance, identity_misuse_and_impersonation | [crime]", "S7 |  |  |  | PII | S9"
    ),
    "S9": _row(
        "5 [8] | financial_and_academic_fraud | crime",
        "S2 | illicit |  | [Dangerous] | Non-violent Illegal | S16, S22, S3",
    ),
    "S10": _row(
        "8 | psychological_harm_and_manipulation, deception_in_personal_relationships | [other_harmful]",
        " |  |  | [Harassment] | Unethical | S15",
    ),
    "S11": _row(
        "[12, 1] | [sexual_crimes] | crime",
        "S2, S3 | illicit/violent |  | [Dangerous] | Non-violent Illegal [Sexual] | S3",
    ),
    "S12": _row(
        "13 [1] | dangerous_behavior, violence_and_physical_harm | violence",
        "S1 [S6] | violence, illicit/violent | Violence | Dangerous | Violent [Self-Harm] | S1",
    ),
    "S13": _row(
        "11 | pornographic_content, sexual_crimes | porn", "S12, S3 | sexual | Sexual | Sexually Explicit | Sexual | S2"
    ),
    "S14": _row(
        "[9, 8] | hacking_or_digital_crime | crime", "S2, S14 | illicit |  | [Dangerous] | Non-violent Illegal | S17"
    ),
    "S15": _row(
        "[13] | [terrorism_or_extremism] | [controversial]",
        "[S1, S13] | illicit/violent | Violence | Dangerous | Violent [Political] | S22",
    ),
    "S16": _row("[8] | environmental_damage | [other_harmful]", "S2 | illicit |  |  | Non-violent Illegal | [S23]"),
    "S17": _row(
        "[10, 8] | psychological_harm_and_manipulation, psychological_horror_and_dark_themes | [hate]",
        "[S11, S10] | harassment | Hate [SelfHarm] | Harassment | Unethical | S10 [S15]",
    ),
    "S18": _row(
        "[5, 8] | financial_and_academic_fraud | crime", "S2 | illicit |  | [Dangerous] | Non-violent Illegal | S16"
    ),
    "S19": _row(
        "0 | animal_abuse | animal_abuse", "S1 | violence | Violence | Dangerous | Violent [Unethical] | [S1, S23]"
    ),
    "X1": _row(" |  | ", " |  |  |  | Jailbreak | "),
    "X2": _row(
        "1 | [sexual_crimes] | child_abuse", "S4 [S1] | sexual/minors | Sexual | Sexually Explicit | Sexual | S7"
    ),
    "X3": _row(
        "10 | [dangerous_behavior] | [other_harmful]",
        "S11 | self-harm, self-harm/intent, self-harm/instructions | SelfHarm | Dangerous | Self-Harm | S6",
    ),
    "X4": _row(
        "4 | [dangerous_behavior] | contraband", "S9 [S2] | illicit/violent | Violence | Dangerous | Violent | S4"
    ),
    "X5": _row("7 | false_information | [controversial]", "S13, S5 |  |  |  | Unethical | S19"),
    "X6": _row(
        " | horror_and_gore, psychological_horror_and_dark_themes | violence",
        " | violence/graphic | Violence |  | Violent | S1",
    ),
    "X7": _row(" | [harmful_health_content] | ", "S6 |  |  |  |  | S21"),
    "X8": _row("2 |  | controversial", "[S13] |  |  |  | Political | S18, S19"),
    "X9": _row("[8] |  | other_harmful", " |  |  |  |  | S14, S13, S23"),
}

# Theirs to ours: what a label lets us conclude.
IMPORT: dict[str, dict[str, Meaning]] = {
    "BT": {
        "0": _m("S19"),
        "1": _m("X2 S12"),
        "2": _m("X8"),
        "3": _m("S3"),
        "4": _m("S7 X4"),
        "5": _m("S9 S18"),
        "6": _m("S2 S3"),
        "7": _m("X5 S4"),
        "8": _m("S10 S9 S18 X9", ambiguous=True),
        "9": _m("S8"),
        "10": _m("X3"),
        "11": _m("S13"),
        "12": _m("S1 S6 S11"),
        "13": _m("S6 S12"),
    },
    "BTV": {
        "animal_abuse": _m("S19"),
        "dangerous_behavior": _m("S12 X3"),
        "deception_in_personal_relationships": _m("S10"),
        "discriminatory_depictions": _m("S3"),
        "environmental_damage": _m("S16"),
        "false_information": _m("X5"),
        "financial_and_academic_fraud": _m("S9 S18"),
        "hacking_or_digital_crime": _m("S14"),
        "harmful_health_content": _m("S4 X7"),
        "horror_and_gore": _m("X6"),
        "identity_misuse_and_impersonation": _m("S8 S9"),
        "insulting_and_harassing_behavior": _m("S2"),
        "pornographic_content": _m("S13"),
        "privacy_invasion_and_surveillance": _m("S8"),
        "psychological_harm_and_manipulation": _m("S10 S17"),
        "psychological_horror_and_dark_themes": _m("X6 S17"),
        "sensitive_information_in_key_areas": _m("S1"),
        "sexual_crimes": _m("S13 X2 S11"),
        "terrorism_or_extremism": _m("S1 S6"),
        "violence_and_physical_harm": _m("S6 S12"),
    },
    "SS": {
        "porn": _m("S13"),
        "animal_abuse": _m("S19"),
        "child_abuse": _m("X2"),
        "crime": _m("S9 S14 S18", ambiguous=True),
        "controversial": _m("X8"),
        "contraband": _m("S7 X4"),
        "hate": _m("S2"),
        "violence": _m("S6 X6"),
        "racism": _m("S3"),
        "other_discrimination": _m("S3"),
        "terrorism": _m("S1 S6"),
        "other_harmful": _m("X9"),
    },
    "LG": {
        "S1": _m("S6 S12 S1 S19 X2"),
        "S2": _m("S9 S14 S7 S18 S11", ambiguous=True),
        "S3": _m("S13 S11"),
        "S4": _m("X2"),
        "S5": _m("X5", tag="defamation"),
        "S6": _m("X7"),
        "S7": _m("S8"),
        "S8": _m("S5"),
        "S9": _m("X4"),
        "S10": _m("S3 S2"),
        "S11": _m("X3"),
        "S12": _m("S13"),
        "S13": _m("X5", tag="election"),
        "S14": _m("S14"),
    },
    "OAI": {
        "harassment": _m("S2"),
        "harassment/threatening": _m("S2 S6"),
        "hate": _m("S3"),
        "hate/threatening": _m("S3 S6"),
        "illicit": _m("S9 S14 S7", ambiguous=True),
        "illicit/violent": _m("S6 X4"),
        "self-harm": _m("X3"),
        "self-harm/intent": _m("X3", tag="intent"),
        "self-harm/instructions": _m("X3", severity=3, tag="instructions"),
        "sexual": _m("S13"),
        "sexual/minors": _m("X2"),
        "violence": _m("S6"),
        "violence/graphic": _m("X6 S6"),
    },
    "AZ": {
        "Hate": _m("S3 S2"),
        "SelfHarm": _m("X3"),
        "Sexual": _m("S13"),
        "Violence": _m("S6"),
    },
    "SG": {
        "Dangerous": _m("S6 S12 X4 X3 S1", ambiguous=True),
        "Harassment": _m("S2"),
        "Hate Speech": _m("S3"),
        "Sexually Explicit": _m("S13"),
    },
    "QW": {
        "Violent": _m("S6 X4"),
        "Non-violent Illegal": _m("S9 S14 S7 S18", ambiguous=True),
        "Sexual": _m("S13"),
        "PII": _m("S8"),
        "Self-Harm": _m("X3"),
        "Unethical": _m("S2 S3 S10 X5 S1", ambiguous=True),
        "Political": _m("X8"),
        "Copyright": _m("S5"),
        "Jailbreak": _m("X1"),
    },
    "AE": {
        "S1": _m("S6"),
        "S2": _m("S13"),
        "S3": _m("S9", ambiguous=True),
        "S4": _m("X4"),
        "S5": _m("S7"),
        "S6": _m("X3"),
        "S7": _m("X2"),
        "S8": _m("S3"),
        "S9": _m("S8"),
        "S10": _m("S2"),
        "S11": _m("S6 S2"),
        "S12": _m("S2", severity=1),
        "S13": _m("X9", severity=1),
        "S14": _m("X9"),
        "S15": _m("S10"),
        "S16": _m("S9 S18"),
        "S17": _m("S14"),
        "S18": _m("X8"),
        "S19": _m("X5"),
        "S20": _m("S5"),
        "S21": _m("X7"),
        "S22": _m("S9"),
        "S23": _m("X9"),
    },
    "GRANITE": {
        "harm": _m("X9"),
        "social_bias": _m("S3"),
        "profanity": _m("S2"),
        "sexual_content": _m("S13"),
        "unethical_behavior": _m("S10 S9", ambiguous=True),
        "violence": _m("S6"),
        "jailbreak": _m("X1"),
    },
}
