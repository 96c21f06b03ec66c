"""`headgate train`: from a folder of labelled data to a folder of weights that can ship."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec

from .encode import TrainEncoder
from .loading import base_folder, load_split
from .loop import CHECKPOINT, LoopOptions, Phase, Trainer
from .machine import this_machine
from .mix import ALL, PUBLIC, cells
from .net import average, build, load_weights
from .release import release
from .rows import Row

PUBLIC_UNTIL = 0.54  # the share of the rows for which the public sets teach alone
PUBLIC_CHECKPOINT = "checkpoint-public.pt"
AVERAGED_CHECKPOINT = "checkpoint-averaged.pt"


class TrainOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What to learn from, where to put it and how many rows to draw; `rows` counts all resumed runs together.

    `until` stops early, at that share of the rows, to go on later with `resume`; `start` is a checkpoint whose weights
    take the place of the base's. `research` adds rows whose licences forbid commercial use.
    """

    data: Path
    out: Path
    rows: int = 280_000
    until: float = 1.0
    research: bool = False
    start: Path | None = None
    resume: bool = False
    base: Path | None = None
    seed: int = 7
    threads: int = 2


def train(options: TrainOptions) -> Path:
    """Learn, then export, calibrate and measure; returns the folder of weights.

    With `resume` and no rows left it only makes the folder again. The checkpoint stays in `out`.
    """
    learn(options)
    public, last = options.out / PUBLIC_CHECKPOINT, options.out / CHECKPOINT
    earlier = [("public sets alone", public), ("all rows", last)] if public.exists() else []
    return release(
        average(public, last, options.out / AVERAGED_CHECKPOINT) if earlier else last,
        options.data,
        options.out / "weights",
        base=options.base,
        research=options.research,
        earlier=earlier,
    )


def learn(options: TrainOptions) -> None:
    """The training alone; leaves a checkpoint in `out`."""
    options.out.mkdir(parents=True, exist_ok=True)
    base = base_folder(options.base)
    loop = LoopOptions(rows=options.rows, seed=options.seed, threads=options.threads)
    net = build(base)
    if options.start is not None:
        load_weights(net, options.start)
    trainer = Trainer(net, TrainEncoder(base / "tokenizer.json"), options.out, options=loop, machine=this_machine())
    if options.resume and trainer.resume() and trainer.state.rows >= int(options.rows * options.until):
        return
    rows = load_split(options.data, research=options.research).train
    public, whole = phases(rows, options.until)
    if trainer.run(public):
        shutil.copy(options.out / CHECKPOINT, options.out / PUBLIC_CHECKPOINT)
    trainer.run(whole)


def phases(rows: list[Row], until: float = 1.0) -> tuple[Phase, Phase]:
    """The public sets alone for the first part, then all rows."""
    return Phase(min(PUBLIC_UNTIL, until), cells(rows, PUBLIC)), Phase(until, cells(rows, ALL))
