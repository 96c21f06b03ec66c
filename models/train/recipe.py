"""`headgate train`: from a folder of labelled data to a folder of weights that can ship."""

from __future__ import annotations

from pathlib import Path

import msgspec

from .encode import TrainEncoder
from .loading import base_folder, load_split
from .loop import CHECKPOINT, LoopOptions, Trainer
from .mix import cells
from .net import build
from .release import release


class TrainOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What to learn from, where to put it and for how long; `minutes` counts all resumed runs together."""

    data: Path
    out: Path
    minutes: float = 60.0
    resume: bool = False
    base: Path | None = None
    seed: int = 7
    threads: int = 2


def train(options: TrainOptions) -> Path:
    """Learn until the minutes are spent, then export, calibrate and measure; returns the folder of weights.

    With `resume` and no minutes left it only makes the folder again. The checkpoint stays in `out`.
    """
    learn(options)
    return release(options.out / CHECKPOINT, options.data, options.out / "weights", base=options.base)


def learn(options: TrainOptions) -> None:
    """The training alone; leaves a checkpoint in `out`."""
    options.out.mkdir(parents=True, exist_ok=True)
    base = base_folder(options.base)
    loop = LoopOptions(minutes=options.minutes, seed=options.seed, threads=options.threads)
    trainer = Trainer(build(base), TrainEncoder(base / "tokenizer.json"), options.out, options=loop)
    if options.resume and trainer.resume() and trainer.state.seconds >= options.minutes * 60:
        return
    trainer.run(cells(load_split(options.data).train))
