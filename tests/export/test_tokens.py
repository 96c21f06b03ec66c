from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from tokenizers import Tokenizer

from headgate.export.tokens import Tokens
from headgate.models.errors import ConfigError

from .checkpoints import tokenizer

CONFIG = SimpleNamespace(model_type="llama", pad_token_id=None, max_position_embeddings=64)


def folder(tmp_path: Path, name: str = "llama") -> Path:
    made = tokenizer(name)
    made.enable_truncation(4)
    made.enable_padding(length=9)
    made.save(str(tmp_path / "tokenizer.json"))
    return tmp_path


def test_rows_are_cut_to_what_the_model_reads_and_never_empty(tmp_path: Path) -> None:
    tokens = Tokens.open(folder(tmp_path), CONFIG)
    rows = tokens.encode(["no", "word " * 200, ""])
    assert (tokens.longest, tokens.pad_id) == (64, 0)
    assert len(rows[1].ids) == len(rows[1].types) == 64
    assert all(row.ids for row in rows)


def test_truncation_and_padding_do_not_travel(tmp_path: Path) -> None:
    Tokens.open(folder(tmp_path), CONFIG).write(tmp_path / "out.json")
    kept = Tokenizer.from_file(str(tmp_path / "out.json"))
    assert (kept.truncation, kept.padding) == (None, None)


def test_positions_that_start_at_the_padding_id_are_fewer(tmp_path: Path) -> None:
    config = SimpleNamespace(model_type="roberta", pad_token_id=1, max_position_embeddings=514)
    assert Tokens.open(folder(tmp_path), config).longest == 512
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"model_max_length": 128}))
    assert Tokens.open(tmp_path, config).longest == 128
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"model_max_length": 1e30}))
    assert Tokens.open(tmp_path, config).longest == 512


def test_answers_are_the_ids_of_first_tokens(tmp_path: Path) -> None:
    tokens = Tokens.open(folder(tmp_path), CONFIG)
    found = tokens.answers(("safe", "unsafe"))
    assert [Tokenizer.from_file(str(tmp_path / "tokenizer.json")).id_to_token(at) for at in found.values()] == [*found]


@pytest.mark.parametrize(
    ("words", "reason"), [((), "name its words"), (("safe", "safe"), "same token"), (("safe", ""), "no token")]
)
def test_answers_that_cannot_be_told_apart_are_refused(tmp_path: Path, words: tuple[str, ...], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        Tokens.open(folder(tmp_path), CONFIG).answers(words)


def test_without_a_tokenizer_the_remedy_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="save_pretrained"):
        Tokens.open(tmp_path, CONFIG)
