"""The training loop: seeded, timed by the clock, resumable from its last checkpoint."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from .augment import augment
from .encode import Example, TrainEncoder, buckets, collate, example
from .mix import Cell, draw
from .net import HeadgateNet, loss

POOL = 1536
TOKENS = 2048
CHECKPOINT = "checkpoint.pt"


class LoopOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How long and how fast to learn; `minutes` is the whole budget over all resumed runs."""

    minutes: float = 60.0
    seed: int = 7
    rate: float = 1.6e-4
    head_rate: float = 8e-4
    warm_up: float = 0.04
    threads: int = 2
    save_every: float = 150.0


class State(msgspec.Struct):
    """Where a run stands: pools drawn, rows seen and seconds spent."""

    pool: int = 0
    rows: int = 0
    seconds: float = 0.0


class Trainer:
    """Owns the network, its optimiser and the state that a checkpoint keeps."""

    def __init__(self, net: HeadgateNet, encoder: TrainEncoder, out: Path, *, options: LoopOptions) -> None:
        self.net, self.encoder, self.out, self.options = net, encoder, out, options
        self.state = State()
        self.optimiser = torch.optim.AdamW(_parameter_groups(net, options), betas=(0.9, 0.98), fused=True)

    def run(self, pool: list[Cell]) -> None:
        """Learn until the minutes are spent, then save."""
        torch.set_num_threads(self.options.threads)
        self.net.train()
        budget = self.options.minutes * 60
        saved = time.monotonic()
        columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
        with Progress(*columns) as bar:
            task = bar.add_task("training", total=budget)
            bar.update(task, completed=self.state.seconds)
            while self.state.seconds < budget:
                mean = self._pool(pool, budget)
                note = {"rows": self.state.rows, "seconds": round(self.state.seconds), "loss": round(mean, 4)}
                bar.update(task, completed=self.state.seconds, description=f"{note['rows']} rows, loss {mean:.3f}")
                _log(self.out, note)
                if time.monotonic() - saved > self.options.save_every:
                    self.save()
                    saved = time.monotonic()
        self.save()

    def _pool(self, pool: list[Cell], budget: float) -> float:
        rng = np.random.default_rng((self.options.seed, self.state.pool))
        torch.manual_seed(self.options.seed * 100_003 + self.state.pool)
        examples = [example(augment(row, rng), self.encoder, rng) for row in draw(pool, POOL, rng)]
        batches = buckets(examples, TOKENS)
        total = 0.0
        for index in rng.permutation(len(batches)):
            if self.state.seconds >= budget:
                break
            total += self._step(batches[int(index)], budget)
        self.state.pool += 1
        return total / POOL

    def _step(self, items: list[Example], budget: float) -> float:
        begun = time.monotonic()
        batch = collate(items)
        for group in self.optimiser.param_groups:
            group["lr"] = group["top"] * schedule(self.state.seconds / budget, self.options.warm_up)
        value = loss(self.net.raw_logits(batch.ids, batch.mask, batch.type_ids), batch)
        torch.autograd.backward(value / 40.0)
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        self.state.rows += len(items)
        self.state.seconds += time.monotonic() - begun
        return float(value.detach())

    def save(self) -> None:
        """Write a checkpoint beside the old one, then put it in its place."""
        kept: dict[str, Any] = {
            "net": self.net.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "state": msgspec.to_builtins(self.state),
        }
        path = self.out / CHECKPOINT
        torch.save(kept, path.with_suffix(".part"))
        path.with_suffix(".part").replace(path)

    def resume(self) -> bool:
        """Go on from the checkpoint; False where there is none."""
        path = self.out / CHECKPOINT
        if not path.exists():
            return False
        kept = torch.load(path, map_location="cpu", weights_only=True)
        self.net.load_state_dict(kept["net"])
        self.optimiser.load_state_dict(kept["optimiser"])
        self.state = msgspec.convert(kept["state"], State)
        return True


def schedule(done: float, warm_up: float) -> float:
    """Share of the top learning rate after a share `done` of the budget: a rise, then a fall to 2 %."""
    if done < warm_up:
        return max(done / warm_up, 0.02)
    return max(1.0 - (done - warm_up) / (1.0 - warm_up), 0.02)


def _parameter_groups(net: HeadgateNet, options: LoopOptions) -> list[dict[str, Any]]:
    groups: dict[tuple[bool, bool], list[torch.nn.Parameter]] = {}
    for name, parameter in net.named_parameters():
        if parameter.requires_grad:
            groups.setdefault((name.startswith("encoder."), parameter.ndim > 1), []).append(parameter)
    return [
        {
            "params": found,
            "top": options.rate if base else options.head_rate,
            "lr": 0.0,
            "weight_decay": 0.01 if matrix else 0.0,
        }
        for (base, matrix), found in groups.items()
    ]


def _log(out: Path, note: dict[str, Any]) -> None:
    with (out / "log.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(note) + "\n")
