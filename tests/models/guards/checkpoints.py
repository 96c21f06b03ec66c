"""Tiny random checkpoints of the guards' architectures, with tokenizers of their kinds, exported as users export."""

from __future__ import annotations

import string
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from headgate.export.job import Request, export
from headgate.export.source import Asked

LETTERS = string.ascii_lowercase


def wordpiece() -> Tokenizer:
    """BERT's kind, of single letters."""
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *LETTERS, *(f"##{c}" for c in LETTERS), *".,?!:'"]
    made = Tokenizer(models.WordPiece({word: at for at, word in enumerate(words)}, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return made


def unigram() -> Tokenizer:
    """DeBERTa-v3's kind: SentencePiece pieces of single letters."""
    pieces = [("[PAD]", 0.0), ("[CLS]", 0.0), ("[SEP]", 0.0), ("[UNK]", 0.0), ("\u2581", -2.0)]
    pieces += [(c, -3.0) for c in LETTERS + string.ascii_uppercase + ".,?!:'"]
    made = Tokenizer(models.Unigram(pieces, unk_id=3))
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.decoder = decoders.Metaspace()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    return made


def bytelevel(words: Sequence[str], specials: Sequence[str]) -> Tokenizer:
    """Llama 3's, Qwen's and (for a test) Gemma's kind: bytes, some whole words, and special tokens."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    made = Tokenizer(models.BPE({letter: at for at, letter in enumerate(alphabet)}, []))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.add_special_tokens([AddedToken(name, special=True) for name in specials])
    made.add_tokens([AddedToken(word, normalized=False, single_word=True, lstrip=False) for word in words])
    return made


def saved(folder: Path, tokenizer: Tokenizer, model: Any, **names: str) -> Path:
    """The checkpoint as its authors would publish it."""
    from transformers import PreTrainedTokenizerFast

    folder.mkdir(parents=True)
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names).save_pretrained(folder)
    model.save_pretrained(folder)
    return folder


def exported(folder: Path, *, answers: Sequence[str] = ()) -> Path:
    """What `headgate export --to onnx` writes of it."""
    out = folder.with_name(f"{folder.name}-onnx")
    asked = Asked(answers=tuple(answers), rows=8) if answers else Asked(rows=8)
    export(Request(model=str(folder), to="onnx", out=out, asked=asked))
    return out


def names_of(labels: Sequence[str]) -> dict[str, Any]:
    """A configuration's labels."""
    return {"id2label": dict(enumerate(labels)), "label2id": {label: at for at, label in enumerate(labels)}}
