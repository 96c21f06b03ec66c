"""`headgate train`: from a folder of labelled data to a folder of weights that can ship."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import msgspec

from .encode import TrainEncoder
from .loading import base_folder, load_split
from .loop import CHECKPOINT, LoopOptions, Phase, Trainer
from .machine import this_machine
from .mix import ALL, PUBLIC, cells, twins
from .net import Share, average, build, load_weights
from .release import Step, release
from .rows import Row

PUBLIC_UNTIL = 0.54  # the share of the rows for which the public sets teach alone
PUBLIC_CHECKPOINT = "checkpoint-public.pt"
STEPS = {PUBLIC_CHECKPOINT: "public sets alone", CHECKPOINT: "all rows"}
AVERAGED_CHECKPOINT = "checkpoint-averaged.pt"


class TrainOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What to learn from, where to put it and how many rows to draw with each seed, all resumed runs together.

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
    seeds: tuple[int, ...] = (7, 11)
    threads: int = 2


def train(options: TrainOptions) -> Path:
    """Learn with each seed, then average, export, calibrate and measure; returns the folder of weights.

    With `resume` and no rows left it only makes the folder again. Checkpoints stay in `out`, in a folder for each seed.
    """
    runs = {seed: learn(options, seed=seed) for seed in options.seeds}
    parts = shares(list(runs.values()))
    names = {path: f"{STEPS[path.name]}, seed {seed}" for seed, run in runs.items() for path in run}
    earlier = [Step(names[part.checkpoint], part.checkpoint, part.weight) for part in parts]
    return release(
        average(parts, options.out / AVERAGED_CHECKPOINT),
        options.data,
        options.out / "weights",
        base=options.base,
        research=options.research,
        earlier=earlier,
    )


def learn(options: TrainOptions, *, seed: int) -> list[Path]:
    """The training alone, with one seed; returns the checkpoints that it left, in order."""
    out = options.out / f"seed-{seed}"
    public, last = out / PUBLIC_CHECKPOINT, out / CHECKPOINT
    out.mkdir(parents=True, exist_ok=True)
    base = base_folder(options.base)
    loop = LoopOptions(rows=options.rows, seed=seed, threads=options.threads)
    net = build(base)
    if options.start is not None:
        load_weights(net, options.start)
    trainer = Trainer(net, TrainEncoder(base / "tokenizer.json"), out, options=loop, machine=this_machine())
    if options.resume and trainer.resume() and trainer.state.rows >= int(options.rows * options.until):
        return _there(public, last)
    rows = load_split(options.data, research=options.research).train
    first, second = phases(rows, options.until)
    if trainer.run(first):
        shutil.copy(last, public)
    trainer.run(second)
    return _there(public, last)


def shares(runs: Sequence[Sequence[Path]]) -> list[Share]:
    """The public sets' weights of the first run, twice the end of it, and the end of every other run.

    Chosen on rows that the model may not learn from (`research`).
    """
    first, *others = runs
    *public, last = first
    return [*(Share(path, 1) for path in public), Share(last, 2), *(Share(run[-1], 1) for run in others)]


def _there(*paths: Path) -> list[Path]:
    return [path for path in paths if path.exists()]


def phases(rows: list[Row], until: float = 1.0) -> tuple[Phase, Phase]:
    """The public sets alone for the first part, then all rows."""
    whole = cells(rows, ALL)
    return Phase(min(PUBLIC_UNTIL, until), cells(rows, PUBLIC)), Phase(until, whole, twins(whole))
