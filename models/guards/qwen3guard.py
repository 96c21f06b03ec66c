"""What Qwen3Guard's two kinds share: levels, categories, and what severity a level stands for (arXiv 2510.14276)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from ..crosswalk import covered, imported, severity_of_qwen

LEVELS: Final = ("Safe", "Unsafe", "Controversial")

CATEGORIES: Final = {
    "Violent": "Violent",
    "Non-violent Illegal Acts": "Non-violent Illegal",
    "Sexual Content or Sexual Acts": "Sexual",
    "PII": "PII",
    "Suicide & Self-Harm": "Self-Harm",
    "Unethical Acts": "Unethical",
    "Politically Sensitive Topics": "Political",
    "Copyright Violation": "Copyright",
    "Jailbreak": "Jailbreak",
}
"""The model's words to the crosswalk's labels; Jailbreak is named of prompts alone."""

COVERS: Final = covered("QW")


def severities(levels: Mapping[str, float], labels: Iterable[str]) -> dict[int, float]:
    """Levels 0..3 from the odds of the three words: unsafe is at least moderate, severe where a category is."""
    slugs = [slug for label in labels for slug in _meanings(label)]
    unsafe = max((severity_of_qwen("Unsafe", slug=slug) for slug in slugs), default=2)
    return {0: levels["Safe"], 1: levels["Controversial"], unsafe: levels["Unsafe"]}


def _meanings(label: str) -> tuple[str, ...]:
    meaning = imported("QW", label)
    # Of several candidates none is known to be meant, so none makes the matter severe.
    return () if meaning.ambiguous else (meaning.primary,)
