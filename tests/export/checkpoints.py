"""Tiny checkpoints of every architecture with random weights and a real tokenizer, as Hugging Face writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

LINES = [
    "The harbour master counts the boats at dawn and writes their names in a green book.",
    "safe or unsafe, yes or no: the answer is one word and nothing else follows it",
    "Why does bread rise? Because yeast eats sugar and breathes out a gas.",
    "int main(void) { return 0; }  // 0123456789",
]
SPECIAL = ["<pad>", "<s>", "</s>", "<unk>"]
VOCABULARY = 300
LEARNED = 290
WIDTH = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
TOKENS = {"vocab_size": VOCABULARY, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
LABELS = {"id2label": {0: "fine", 1: "rude", 2: "cruel"}, "label2id": {"fine": 0, "rude": 1, "cruel": 2}}
VISION = WIDTH | {"image_size": 32, "patch_size": 8}
DECODER = WIDTH | TOKENS | {"num_key_value_heads": 1, "head_dim": 16, "max_position_embeddings": 640}

CLASSIFIERS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "bert": ("BertForSequenceClassification", "BertConfig", WIDTH | TOKENS),
    "distilbert": (
        "DistilBertForSequenceClassification",
        "DistilBertConfig",
        TOKENS | {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64},
    ),
    "roberta": (
        "RobertaForSequenceClassification",
        "RobertaConfig",
        WIDTH | TOKENS | {"max_position_embeddings": 514, "type_vocab_size": 1},
    ),
    "xlm-roberta": (
        "XLMRobertaForSequenceClassification",
        "XLMRobertaConfig",
        WIDTH | TOKENS | {"max_position_embeddings": 514, "type_vocab_size": 1},
    ),
    "deberta": (
        "DebertaForSequenceClassification",
        "DebertaConfig",
        WIDTH | TOKENS | {"pos_att_type": ["c2p", "p2c"], "relative_attention": True, "type_vocab_size": 2},
    ),
    "deberta-v2": (
        "DebertaV2ForSequenceClassification",
        "DebertaV2Config",
        WIDTH | TOKENS | {"pos_att_type": ["c2p", "p2c"], "relative_attention": True, "position_buckets": 16}
        | {"norm_rel_ebd": "layer_norm", "share_att_key": True, "type_vocab_size": 0},
    ),
    "modernbert": (
        "ModernBertForSequenceClassification",
        "ModernBertConfig",
        WIDTH | TOKENS | {"local_attention": 16, "global_attn_every_n_layers": 2, "cls_token_id": 1, "sep_token_id": 2},
    ),
    "beaver": ("LlamaForSequenceClassification", "LlamaConfig", DECODER),
}  # fmt: skip
CAUSAL: dict[str, tuple[str, str, dict[str, Any]]] = {
    "llama": ("LlamaForCausalLM", "LlamaConfig", DECODER),
    "qwen2": ("Qwen2ForCausalLM", "Qwen2Config", DECODER),
    "qwen3": ("Qwen3ForCausalLM", "Qwen3Config", DECODER),
    "gemma": ("GemmaForCausalLM", "GemmaConfig", DECODER),
    "gemma2": ("Gemma2ForCausalLM", "Gemma2Config", DECODER | {"sliding_window": 16, "query_pre_attn_scalar": 16}),
    "gemma3_text": (
        "Gemma3ForCausalLM",
        "Gemma3TextConfig",
        DECODER | {"sliding_window": 16, "query_pre_attn_scalar": 16},
    ),
    "mistral": ("MistralForCausalLM", "MistralConfig", DECODER | {"sliding_window": 16}),
}
PICTURES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "vit": ("ViTForImageClassification", "ViTConfig", VISION),
    "siglip": (
        "SiglipForImageClassification",
        "SiglipConfig",
        {"vision_config": VISION, "text_config": WIDTH | TOKENS},
    ),
    "clip": (
        "CLIPForImageClassification",
        "CLIPConfig",
        {"vision_config": VISION | {"projection_dim": 16}, "text_config": WIDTH | TOKENS},
    ),
}
EVERY = CLASSIFIERS | CAUSAL | PICTURES
SQUARE = {"size": {"height": 32, "width": 32}, "image_mean": [0.5] * 3, "image_std": [0.25] * 3, "resample": 3}
PREPARED: dict[str, dict[str, Any]] = {
    "vit": SQUARE | {"resample": 2},
    "siglip": SQUARE,
    "clip": {"size": {"shortest_edge": 32}, "crop_size": {"height": 32, "width": 32}, "do_center_crop": True}
    | {"image_mean": [0.4, 0.5, 0.6], "image_std": [0.2, 0.3, 0.25], "resample": 3},
}
"""What a processor's file says, by architecture."""


def write_checkpoint(name: str, folder: Path, *, spread: float = 0.3, **changes: Any) -> Path:
    """Write the checkpoint of an architecture; `spread` is the deviation of its random weights."""
    import torch
    import transformers

    cls, config_cls, given = EVERY[name]
    torch.manual_seed(7)
    labels = {} if name in CAUSAL else LABELS
    config = getattr(transformers, config_cls)(**given | labels | changes)
    network = getattr(transformers, cls)(config)
    with torch.no_grad():
        for key, weight in network.named_parameters():
            if weight.ndim > 1:
                torch.nn.init.normal_(weight, 0, spread)
            elif "norm" not in key.lower():
                torch.nn.init.normal_(weight, 0, 0.1)
    network.save_pretrained(folder)
    (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\n# Tiny\n", encoding="utf-8")
    if name in PICTURES:
        (folder / "preprocessor_config.json").write_text(json.dumps(PREPARED[name]), encoding="utf-8")
    else:
        tokenizer(name).save(str(folder / "tokenizer.json"))
    return folder


def tokenizer(name: str) -> Tokenizer:
    """The kind of tokenizer that the architecture comes with, trained on a few lines."""
    if name in ("bert", "distilbert"):
        made = _wordpiece()
    elif name in ("xlm-roberta", "deberta-v2", "gemma", "gemma2", "gemma3_text"):
        made = _unigram(ends=name in ("xlm-roberta", "deberta-v2"))
    else:
        made = _bytes(ends=name in ("roberta", "deberta", "modernbert"))
    made.add_tokens(["safe", "unsafe", "no"])
    return made


def _wordpiece() -> Tokenizer:
    made = Tokenizer(models.WordPiece(unk_token="<unk>"))
    made.normalizer = normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.train_from_iterator(LINES, trainers.WordPieceTrainer(vocab_size=LEARNED, special_tokens=SPECIAL))
    made.post_processor = _template(ends=True)
    return made


def _unigram(*, ends: bool) -> Tokenizer:
    made = Tokenizer(models.Unigram())
    made.normalizer = normalizers.NFKC()
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(vocab_size=VOCABULARY // 2, special_tokens=SPECIAL, unk_token="<unk>")
    made.train_from_iterator(LINES, trainer)
    made.post_processor = _template(ends=ends)
    return made


def _bytes(*, ends: bool) -> Tokenizer:
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=LEARNED, special_tokens=SPECIAL, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    made.train_from_iterator(LINES, trainer)
    made.post_processor = _template(ends=ends)
    return made


def _template(*, ends: bool) -> processors.TemplateProcessing:
    single = "<s> $A </s>" if ends else "<s> $A"
    return processors.TemplateProcessing(single=single, special_tokens=[("<s>", 1), ("</s>", 2)])
