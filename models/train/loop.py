"""The training loop: seeded, measured in rows, resumable from its last checkpoint."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from .augment import augment
from .encode import Example, TrainEncoder, buckets, collate, example, to_device
from .machine import Machine, keep_freed_memory
from .mix import Cell, Twins, draw
from .net import HeadgateNet, loss

POOL = 1536
TOKENS = 3072
CHECKPOINT = "checkpoint.pt"
LAYER = re.compile(r"^encoder\.encoder\.layer\.(\d+)\.")


class LoopOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How much and how fast to learn; `rows` is the whole budget over all resumed runs.

    `layer_decay` multiplies the rate once for each layer below the top one.
    """

    rows: int = 280_000
    seed: int = 7
    rate: float = 1.6e-4
    head_rate: float = 8e-4
    layer_decay: float = 0.9
    warm_up: float = 0.03
    threads: int = 2
    save_every: float = 150.0


class State(msgspec.Struct):
    """Where a run stands: pools drawn, rows seen and seconds spent."""

    pool: int = 0
    rows: int = 0
    seconds: float = 0.0


class Phase(msgspec.Struct, frozen=True):
    """A mix of rows, drawn from until a share of the whole budget is spent; `twins` come in couples."""

    until: float
    pool: list[Cell]
    twins: dict[str, Twins] = {}


class Trainer:
    """Owns the network, its optimiser and the state that a checkpoint keeps."""

    def __init__(
        self, net: HeadgateNet, encoder: TrainEncoder, out: Path, *, options: LoopOptions, machine: Machine
    ) -> None:
        self.machine = machine
        self.net, self.encoder, self.out, self.options = net.to(self.machine.device), encoder, out, options
        self.state = State()
        self.optimiser = torch.optim.AdamW(parameter_groups(net, options), betas=(0.9, 0.98), fused=True)

    def run(self, phase: Phase) -> bool:
        """Draw from the phase's mix until its share of the rows is spent, then save; whether any row was drawn."""
        keep_freed_memory()
        torch.set_num_threads(self.options.threads)
        self.net.train()
        until, saved, began = int(phase.until * self.options.rows), time.monotonic(), self.state.rows
        columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
        with Progress(*columns) as bar:
            task = bar.add_task("training", total=self.options.rows, completed=self.state.rows)
            while self.state.rows < until:
                mean = self._pool(phase, until)
                note = {"rows": self.state.rows, "seconds": round(self.state.seconds), "loss": round(mean, 4)}
                bar.update(task, completed=self.state.rows, description=f"{note['rows']} rows, loss {mean:.3f}")
                _log(self.out, note)
                if time.monotonic() - saved > self.options.save_every:
                    self.save()
                    saved = time.monotonic()
        self.save()
        return self.state.rows > began

    def _pool(self, phase: Phase, until: int) -> float:
        rng = np.random.default_rng((self.options.seed, self.state.pool))
        torch.manual_seed(self.options.seed * 100_003 + self.state.pool)
        count = min(POOL, until - self.state.rows)
        drawn = draw(phase.pool, count, rng, rivals=phase.twins)
        examples = [example(augment(one.row, rng), self.encoder, rng, couple=one.couple) for one in drawn]
        batches = buckets(examples, TOKENS)
        total = sum(self._step(batches[int(index)]) for index in rng.permutation(len(batches)))
        self.state.pool += 1
        return total / count

    def _step(self, items: list[Example]) -> float:
        begun = time.monotonic()
        batch = to_device(collate(items), self.machine.device)
        for group in self.optimiser.param_groups:
            group["lr"] = group["top"] * schedule(self.state.rows / self.options.rows, self.options.warm_up)
        with torch.autocast(self.machine.device, dtype=torch.bfloat16, enabled=self.machine.bfloat16):
            logits = self.net.raw_logits(batch.ids, batch.mask, batch.type_ids)
        value = loss(logits.float(), batch)
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
        kept = torch.load(path, map_location=self.machine.device, weights_only=True)
        self.net.load_state_dict(kept["net"])
        self.optimiser.load_state_dict(kept["optimiser"])
        self.state = msgspec.convert(kept["state"], State)
        return True


def schedule(done: float, warm_up: float) -> float:
    """Share of the top learning rate after a share `done` of the budget: a rise, then a fall to 2 %."""
    if done < warm_up:
        return max(done / warm_up, 0.02)
    return max(1.0 - (done - warm_up) / (1.0 - warm_up), 0.02)


def parameter_groups(net: HeadgateNet, options: LoopOptions) -> list[dict[str, Any]]:
    """Parameters by top learning rate and by whether they are matrices, which alone are decayed."""
    layers = len(net.encoder.encoder.layer)
    groups: dict[tuple[float, bool], list[torch.nn.Parameter]] = {}
    for name, parameter in net.named_parameters():
        if parameter.requires_grad:
            groups.setdefault((_top_rate(name, layers, options), parameter.ndim > 1), []).append(parameter)
    return [
        {"params": found, "top": top, "lr": 0.0, "weight_decay": 0.01 if matrix else 0.0}
        for (top, matrix), found in groups.items()
    ]


def _top_rate(name: str, layers: int, options: LoopOptions) -> float:
    if not name.startswith("encoder."):
        return options.head_rate
    found = LAYER.match(name)
    below = layers - 1 - int(found.group(1)) if found else layers
    return options.rate * options.layer_decay**below


def _log(out: Path, note: dict[str, Any]) -> None:
    with (out / "log.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(note) + "\n")
