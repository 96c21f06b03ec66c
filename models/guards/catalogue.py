"""Every published guard that can be configured, by name; an adapter is imported when it is asked for."""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module
from typing import Final

from ..errors import ConfigError
from .spec import Adapter, Card

MODULES: Final = {
    "beaver-dam-7b": "beaver_dam",
    "deepset-injection": "deepset_injection",
    "falconsai-nsfw": "falconsai_nsfw",
    "granite-guardian": "granite_guardian",
    "granite-guardian-4": "granite_guardian_4",
    "granite-hap": "granite_hap",
    "llama-guard-3-1b": "llama_guard_3_1b",
    "llama-guard-3-8b": "llama_guard_3_8b",
    "llama-guard-3-vision": "llama_guard_3_vision",
    "llama-guard-4": "llama_guard_4",
    "llavaguard": "llavaguard",
    "nemoguard": "nemoguard",
    "prompt-guard-2": "prompt_guard_2",
    "protectai-injection": "protectai_injection",
    "qwen3guard-gen": "qwen3guard_gen",
    "qwen3guard-stream": "qwen3guard_stream",
    "shieldgemma": "shieldgemma",
    "shieldgemma-2": "shieldgemma_2",
    "toxic-bert": "toxic_bert",
    "unbiased-toxic-roberta": "unbiased_toxic_roberta",
    "wildguard": "wildguard",
}


def adapter(name: str) -> Adapter:
    """The adapter of a name; ConfigError names the nearest ones where there is none."""
    if name not in MODULES:
        near = get_close_matches(name, MODULES, n=3) or sorted(MODULES)
        raise ConfigError(f"no guard {name!r}; there is: {', '.join(near)}")
    found: Adapter = import_module(f".{MODULES[name]}", __package__).GUARD
    return found


def cards() -> list[Card]:
    """The card of every guard, by name."""
    return [adapter(name).card for name in sorted(MODULES)]
