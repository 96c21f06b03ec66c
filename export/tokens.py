"""The tokenizer of a checkpoint: rows for a comparison, the ids of answers, and the file that run time needs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from tokenizers import Tokenizer

from ..models.errors import ConfigError

LONGEST = 512
"""Tokens of a probe row at most: what a longer one adds is time."""


class Encoded(msgspec.Struct, frozen=True):
    """Token ids and token types of one text."""

    ids: list[int]
    types: list[int]


class Tokens:
    """A tokenizer.json with the checkpoint's special tokens, its longest input and its padding id."""

    def __init__(self, text: str, *, longest: int, pad_id: int) -> None:
        self._text = text
        self._tokenizer = Tokenizer.from_str(text)
        self.longest = longest
        self.pad_id = pad_id

    @classmethod
    def open(cls, folder: Path, config: Any) -> Tokens:
        """The tokenizer of a checkpoint; ConfigError where it has no tokenizer.json."""
        path = folder / "tokenizer.json"
        if not path.is_file():
            raise ConfigError(
                f"{path}: missing; make it with AutoTokenizer.from_pretrained(…, use_fast=True).save_pretrained(…)"
            )
        held: dict[str, Any] = json.loads(path.read_text("utf-8"))
        held.update(truncation=None, padding=None)
        pad = getattr(config, "pad_token_id", None)
        return cls(
            json.dumps(held, ensure_ascii=False, separators=(",", ":")),
            longest=_longest(folder, config),
            pad_id=pad or 0,
        )

    def encode(self, texts: Sequence[str]) -> list[Encoded]:
        """Each text with its special tokens, cut to what the model reads; every row has a token."""
        most = min(self.longest, LONGEST)
        found = (self._tokenizer.encode(text) for text in texts)
        rows = [Encoded(one.ids[:most], one.type_ids[:most]) for one in found]
        return [row if row.ids else Encoded([self.pad_id], [0]) for row in rows]

    def answers(self, words: Sequence[str]) -> dict[str, int]:
        """The first token of each word that a model may begin its answer with.

        Raises ConfigError where there are fewer than two, or two begin alike.
        """
        if len(words) < 2:
            raise ConfigError("--answers: a causal model is read at its first token; name its words, as safe,unsafe")
        found = {word: self._first(word) for word in words}
        if len(set(found.values())) != len(words):
            raise ConfigError(f"--answers: {', '.join(words)} begin with the same token; name words that do not")
        return found

    def write(self, path: Path) -> None:
        """Write it without truncation and padding, which are the runtime's own."""
        path.write_text(self._text, encoding="utf-8")

    def _first(self, word: str) -> int:
        ids = self._tokenizer.encode(word, add_special_tokens=False).ids
        if not ids:
            raise ConfigError(f"--answers: {word!r} has no token")
        return int(ids[0])


def _longest(folder: Path, config: Any) -> int:
    # RoBERTa counts positions from its padding id on, and so has two fewer than it says.
    lost = 2 if config.model_type in ("roberta", "xlm-roberta") else 0
    places = int(getattr(config, "max_position_embeddings", 0) or LONGEST) - lost
    path = folder / "tokenizer_config.json"
    said = json.loads(path.read_text("utf-8")).get("model_max_length") if path.is_file() else None
    return min(places, int(said)) if isinstance(said, int | float) and 0 < said < 1e9 else places
