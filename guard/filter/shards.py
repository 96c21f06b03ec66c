"""Cuts the inputs into shards: the same ones every time, whoever reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Final

import msgspec

from .formats.block import Size
from .formats.choose import open_format
from .plan import Plan
from .store import Key
from .where import chosen
from .work import Shard

SHARD_ROWS: Final = 2048
SHARD_BYTES: Final = 16 << 20


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be read: all that cuts the inputs, and the shards that are done. May travel to another machine.

    `limit` ends it after so many rows; `cutoff` and `seed` draw a sample (see `where.chosen`).
    """

    inputs: tuple[str, ...]
    plan: Plan
    limit: int | None = None
    cutoff: int | None = None
    seed: int = 0
    rows: int = SHARD_ROWS
    done: frozenset[Key] = frozenset()


def read_shards(reading: Reading, files: Sequence[int] | None = None) -> Iterator[Shard]:
    """The shards that are not done, in order, of all inputs or those at `files`; what is done is read over."""
    left = reading.limit
    size = Size(reading.rows, SHARD_BYTES)
    for file in range(len(reading.inputs)) if files is None else files:
        name = reading.inputs[file]
        format = open_format(name, compression=reading.plan.compression, glance=reading.plan.glance)
        for block, found in zip(count(), format.blocks(name, size=size, wanted=_wanted(reading, file))):
            cut = False
            if left is not None:
                cut = len(found.numbers) >= left
                if len(found.numbers) > left:
                    found.numbers, found.fault = found.numbers[:left], ""
                    found.records = format.first(found.records, left)
                left -= len(found.numbers)
            key = Key(file, block)
            if key not in reading.done:
                yield Shard(key=key, name=name, block=found, cut=cut)
            if cut:
                return


def _wanted(reading: Reading, file: int) -> Callable[[int], bool] | None:
    cutoff, seed = reading.cutoff, reading.seed
    if cutoff is None:
        return None
    return lambda number: chosen(file, number, cutoff=cutoff, seed=seed)
