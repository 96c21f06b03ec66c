"""From rows to padded tensors: one random window of a long text, batches of like lengths under a token budget."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import torch
from tokenizers import Tokenizer

from ..encoding import PairEncoder
from ..taxonomy import SLUGS
from .rows import UNKNOWN, Row

_COLUMN = {slug: index for index, slug in enumerate(SLUGS)}
ATTACK = _COLUMN["prompt_attack"]


class Example(msgspec.Struct, frozen=True):
    """A row and the window of it that this step sees; rows of a `couple` (-1: none) are to be told apart."""

    row: Row
    ids: list[int]
    type_ids: list[int]
    couple: int = -1


class Batch(msgspec.Struct, frozen=True):
    """Tensors of a step; shapes [B, L] for inputs, [B] and [B, 28] for targets, `UNKNOWN` where masked.

    `couple` [B] is a number that twins share, -1 for a row alone.
    """

    ids: torch.Tensor
    mask: torch.Tensor
    type_ids: torch.Tensor
    unsafe: torch.Tensor
    sensitive: torch.Tensor
    refusal: torch.Tensor
    severity: torch.Tensor
    categories: torch.Tensor
    weight: torch.Tensor
    couple: torch.Tensor


class TrainEncoder:
    """The run-time encoder, and a narrower one that saves time on most long texts."""

    def __init__(self, tokenizer: Path) -> None:
        self.full = PairEncoder(Tokenizer.from_file(str(tokenizer)))
        self.narrow = PairEncoder(Tokenizer.from_file(str(tokenizer)), window=96, overlap=24)

    def pick(self, rng: np.random.Generator) -> PairEncoder:
        """The narrow one, seven times in ten."""
        return self.narrow if rng.random() < 0.7 else self.full


def example(row: Row, encoder: TrainEncoder, rng: np.random.Generator, *, couple: int = -1) -> Example:
    """Encode a row; of a long text take any window, for positives mostly the first or the last."""
    windows = encoder.pick(rng).encode(row.prompt, row.response, row.marker)
    index = int(rng.integers(len(windows)))
    if row.positive and rng.random() < 0.8:
        index = 0 if rng.random() < 0.6 else -1
    return Example(row, windows[index].ids, windows[index].type_ids, couple)


def category_targets(row: Row) -> np.ndarray:
    """Targets of the 28 columns: 1 holds, 0 does not, `UNKNOWN` masked; `prompt_attack` is always known."""
    if row.categories is None:
        target = np.full(len(SLUGS), UNKNOWN, dtype=np.float32)
    else:
        target = np.zeros(len(SLUGS), dtype=np.float32)
        target[[_COLUMN[slug] for slug in row.maybe]] = UNKNOWN
        target[[_COLUMN[slug] for slug in row.categories]] = 1.0
    target[ATTACK] = row.attack
    return target


def collate(examples: Sequence[Example]) -> Batch:
    """Pad to the longest and stack the targets."""
    longest = max(len(item.ids) for item in examples)
    ids = np.zeros((len(examples), longest), dtype=np.int64)
    mask, type_ids = np.zeros_like(ids), np.zeros_like(ids)
    for index, item in enumerate(examples):
        length = len(item.ids)
        ids[index, :length] = item.ids
        mask[index, :length] = 1
        type_ids[index, :length] = item.type_ids
    rows = [item.row for item in examples]
    return Batch(
        ids=torch.from_numpy(ids),
        mask=torch.from_numpy(mask),
        type_ids=torch.from_numpy(type_ids),
        unsafe=torch.tensor([row.unsafe for row in rows]),
        sensitive=torch.tensor([row.sensitive for row in rows]),
        refusal=torch.tensor([row.refusal for row in rows]),
        severity=torch.tensor([row.severity for row in rows]),
        categories=torch.from_numpy(np.stack([category_targets(row) for row in rows])),
        weight=torch.tensor([row.weight for row in rows]),
        couple=torch.tensor([item.couple for item in examples]),
    )


def to_device(batch: Batch, device: str) -> Batch:
    """The same tensors on a device."""
    return Batch(**{name: getattr(batch, name).to(device) for name in batch.__struct_fields__})


def buckets(examples: Sequence[Example], token_budget: int, most: int = 96) -> list[list[Example]]:
    """Cut length-sorted examples into batches of at most `token_budget` padded tokens and `most` rows.

    A couple stays in one batch, which may hold a row more for it.
    """
    made: list[list[Example]] = []
    for unit in sorted(_units(examples), key=_longest):
        last = made[-1] if made else None
        if last is None or len(last) >= most or _longest(unit) * (len(last) + len(unit)) > token_budget:
            made.append([*unit])
        else:
            last.extend(unit)
    return made


def _units(examples: Sequence[Example]) -> list[list[Example]]:
    alone = [[item] for item in examples if item.couple < 0]
    couples: dict[int, list[Example]] = {}
    for item in examples:
        if item.couple >= 0:
            couples.setdefault(item.couple, []).append(item)
    return alone + list(couples.values())


def _longest(unit: Sequence[Example]) -> int:
    return max(len(item.ids) for item in unit)
