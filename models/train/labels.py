"""What each set's own category names say in our slugs; a name that says too little maps to None (masked)."""

from __future__ import annotations

import re

Slugs = tuple[str, ...]

_WORDS: tuple[tuple[str, Slugs], ...] = (
    ("child traffick|child abuse|cae", ("child_safety",)),
    ("traffick.*(drug)|drug|smoking weed", ("drugs",)),
    ("traffick|migrant smuggling", ("human_trafficking",)),
    ("terror|assassin|political or ideological", ("national_security", "violence")),
    ("cyberterror|malware|security threats|attacks|techniques", ("cybercrime",)),
    ("race|religion|disability|gender|orientation|hate crime|discriminat|unfair|bias|origin", ("discrimination",)),
    ("domestic violence|assault|kidnap|murder|robbery|violence|hijack|vcr", ("violence", "physical_harm")),
    ("bombings|cbr", ("weapons", "violence")),
    ("ponzi|pyramid|embezzl|corporate|money launder|tax evasion|financial crimes", ("white_collar_crime",)),
    ("identity theft", ("privacy", "economic_crime")),
    ("fraud|theft|shoplift|burglary|property|credit card|vandal|arson|economic harm", ("economic_crime",)),
    ("rape|pornograph|prostitut|adult|sex_harass|scr", ("sexual_content",)),
    ("animal|cockfight|dog fight", ("animal_abuse",)),
    ("pollution|dumping|environmental|contamination", ("environment",)),
    ("privacy", ("privacy",)),
    ("ssh|suicide|self.harm", ("self_harm",)),
    ("defamation|misinformation|misconception|public trust", ("misinformation",)),
    ("persuasion|manipulation|influence operations", ("mental_manipulation",)),
    ("offending user|toxicity|toxic content|harass|intellectual|insult|abuse", ("insult",)),
    ("driving under", ("physical_harm",)),
)
# A word may go on ("drugs") but must begin there: "grape" is no "rape".
_PATTERNS = tuple((re.compile(f"(?<![a-z])(?:{pattern})"), slugs) for pattern, slugs in _WORDS)

_EXACT: dict[str, Slugs | None] = {
    "cyberterrorism": ("cybercrime", "national_security"),
    "sex trafficking": ("human_trafficking", "sexual_content"),
    "organ trafficking": ("human_trafficking", "physical_harm"),
    "child trafficking": ("child_safety", "human_trafficking"),
    "hat": ("discrimination",),
    "nvc": None,
    "Illegal Activity": None,
    "Malicious Use / Illegal Activities": None,
    "Political Campaigning": ("sensitive_topic",),
    "Tailored Financial Advice": ("specialized_advice",),
    "Unauthorized Expertise": ("specialized_advice",),
    "Risk Ignorance": ("psychological_harm",),
    "Hate": ("discrimination",),
    "Harrasment": ("insult",),
    "sexual": ("sexual_content",),
    "Shocking": ("graphic_content",),
    "Information & Safety / Dissemination of Dangerous Information": ("public_health",),
    "Human Autonomy & Integrity / Violation of Personal Property": ("economic_crime",),
    "Socioeconomic Harms / Risky Financial Practices": ("economic_crime",),
    "Physical Harm": ("physical_harm", "violence"),
    "Hate/Harass/Violence": ("discrimination", "insult"),
    "Misinformation Harms / Erosion of Trust in Public Information": ("misinformation",),
}

_HATE_SETS = frozenset(
    [
        "edos",
        "toxigen_annotated",
        "implicit_hate",
        "hatemoji_build",
        "sghatecheck",
        "stormfront_vicomtech",
        "bias_madlibs_3k",
        "mlma",
        "cold",
        "kmhas_valid",
        "decodingtrust_stereotype",
        "ethos",
        "hatebr",
        "id_multilabel_hate",
        "toxicn",
        "tweeteval_hate",
        "unsmile",
    ]
)
_INSULT_SETS = frozenset(
    [
        "davidson",
        "wikipedia_toxicity_testset",
        "civil_comments_toxic_spans",
        "surge_toxicity",
        "told_br",
        "beep_korean",
        "germeval2018",
        "apeach",
        "convabuse",
        "olid",
    ]
)
_TOPIC_ONLY = frozenset(("horse racing", "gambling", "smoking", "landfills", "circuses", "climate change",
                         "alcohol abuse", "air pollution", "other crimes"))  # fmt: skip
_NEIGHBOURS: dict[str, Slugs] = {
    "violence": ("physical_harm", "weapons", "graphic_content", "public_disorder"),
    "physical_harm": ("violence", "weapons"),
    "insult": ("discrimination", "psychological_harm", "sexual_content"),
    "discrimination": ("insult", "psychological_harm", "public_disorder", "violence"),
    "economic_crime": ("white_collar_crime", "privacy", "cybercrime"),
    "white_collar_crime": ("economic_crime",),
    "cybercrime": ("privacy", "economic_crime"),
    "privacy": ("cybercrime", "economic_crime"),
    "graphic_content": ("violence", "physical_harm", "psychological_harm"),
    "sexual_content": ("insult", "discrimination"),
    "child_safety": ("sexual_content", "physical_harm", "human_trafficking"),
    "weapons": ("violence", "national_security", "public_health"),
    "national_security": ("weapons", "public_disorder"),
    "misinformation": ("mental_manipulation", "public_health"),
    "mental_manipulation": ("misinformation", "psychological_harm"),
    "self_harm": ("psychological_harm", "physical_harm"),
}


def is_topic_only(source: str, category: str | None) -> bool:
    """Whether a row was called unsafe for its topic alone, so that it would teach false alarms."""
    return source == "aart" and category in _TOPIC_ONLY


def slugs_of(source: str, category: str | None) -> Slugs | None:
    """The slugs of an unsafe row, primary first, or None where its set does not say."""
    if category in _EXACT:
        return _EXACT[category or ""]
    if source == "cysecbench":
        return ("cybercrime",)
    found = _by_words(category.lower()) if category else None
    if source in _HATE_SETS:
        return ("discrimination",)
    if source in _INSULT_SETS:
        return found or ("insult",)
    return found


def neighbours(slugs: Slugs) -> Slugs:
    """Slugs that may hold beside these; their columns are masked rather than taught as absent."""
    return tuple(sorted({other for slug in slugs for other in _NEIGHBOURS.get(slug, ())} - set(slugs)))


def _by_words(category: str) -> Slugs | None:
    for pattern, slugs in _PATTERNS:
        if pattern.search(category):
            return slugs
    return None
