"""LLM Guard's Toxicity scanner as a process to take turns with; for the Python of an environment that holds it.

    PYTHON benchmarks/toxicity_peer.py FOLDER TOKENIZER

FOLDER gets a roberta-base of the size and labels that the scanner loads, randomly initialised: how long it takes does
not depend on the values. Reads one JSON string a line and answers each with the seconds of one `scan`, wall and CPU.
"""

import dataclasses
import json
import logging
import os
import sys
import time
from pathlib import Path

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", TOKENIZERS_PARALLELISM="false")

import structlog
import torch
import transformers
from llm_guard.input_scanners import Toxicity, toxicity

LABELS = (
    "toxicity", "severe_toxicity", "obscene", "identity_attack", "insult", "threat", "sexual_explicit", "male",
    "female", "homosexual_gay_or_lesbian", "christian", "jewish", "muslim", "black", "white",
    "psychiatric_or_mental_illness",
)  # fmt: skip


def build(folder: Path, tokenizer: str) -> None:
    """The checkpoint, once."""
    if (folder / "config.json").is_file():
        return
    torch.manual_seed(0)
    config = transformers.RobertaConfig(
        vocab_size=50265,
        max_position_embeddings=514,
        type_vocab_size=1,
        pad_token_id=0,
        id2label=dict(enumerate(LABELS)),
        label2id={label: at for at, label in enumerate(LABELS)},
        problem_type="multi_label_classification",
    )
    transformers.RobertaForSequenceClassification(config).save_pretrained(folder)
    made = transformers.PreTrainedTokenizerFast(
        tokenizer_file=tokenizer,
        model_max_length=512,
        model_input_names=["input_ids", "attention_mask"],
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
    )
    made.save_pretrained(folder)


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    logging.disable(logging.WARNING)
    folder = Path(sys.argv[1])
    build(folder, sys.argv[2])
    model = dataclasses.replace(toxicity.DEFAULT_MODEL, path=str(folder), revision=None)
    scanner = Toxicity(model=model)
    print(json.dumps({"threads": torch.get_num_threads(), "torch": torch.__version__}), flush=True)
    for line in sys.stdin:
        wall, cpu = time.perf_counter(), time.process_time()
        scanner.scan(json.loads(line))
        print(json.dumps([time.perf_counter() - wall, time.process_time() - cpu]), flush=True)


if __name__ == "__main__":
    main()
