from __future__ import annotations

import pickle
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headgate.guard.filter.plan import Plan
from headgate.guard.filter.shards import Reading, read_shards
from headgate.guard.filter.where import cutoff_for

from .rows import write


def _reading(tmp_path: Path, counts: list[int], **more: object) -> Reading:
    names = [str(write(tmp_path / f"{at}.jsonl", [{"n": n} for n in range(count)])) for at, count in enumerate(counts)]
    return Reading(inputs=tuple(names), plan=Plan(folder=""), rows=3, **more)  # type: ignore[arg-type]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 10), min_size=1, max_size=3), st.one_of(st.none(), st.integers(1, 25)), st.booleans())
def test_shards_cover_each_row_once_up_to_the_limit(
    tmp_path: Path, counts: list[int], limit: int | None, sampled: bool
) -> None:
    reading = _reading(tmp_path, counts, limit=limit, cutoff=cutoff_for(0.5) if sampled else None)
    shards = list(read_shards(reading))
    places = [(shard.key.file, number) for shard in shards for number in shard.block.numbers]
    assert len(set(places)) == len(places) == sum(len(shard.block.records) for shard in shards)
    if not sampled:
        assert len(places) == min(sum(counts), limit if limit is not None else sum(counts))
    assert all(len(shard.block.numbers) <= 3 for shard in shards)


def test_what_is_done_is_left_out_and_the_rest_is_the_same(tmp_path: Path) -> None:
    reading = _reading(tmp_path, [7, 4])
    whole = list(read_shards(reading))
    some = _reading(tmp_path, [7, 4], done=frozenset(shard.key for shard in whole[::2]))
    assert list(read_shards(pickle.loads(pickle.dumps(some)))) == whole[1::2]
    assert list(read_shards(reading, [1])) == [shard for shard in whole if shard.key.file == 1]
