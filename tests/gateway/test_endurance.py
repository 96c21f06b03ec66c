"""A short run of benchmarks/soak.py: whatever callers and upstream do, nothing stays open behind them."""

from __future__ import annotations

import pytest

from ..dialect_upstream import loaded

soak = loaded("soak")


async def test_some_hundred_exchanges_with_faults_leave_nothing_behind() -> None:
    with soak.processes(faults=0.15, model=False, pace=0.0) as server:
        report = await soak.soak(server, clients=6, exchanges=400)
    assert report.faults == []
    assert report.outcomes["200"] > 100
    assert report.outcomes["left"] > 10
    assert "500" not in report.outcomes
    assert report.samples[-1].connections == 0


def sample(**more: float) -> object:
    return soak.Sample(**{"at": 0, "rss": 100.0, "fds": 20, "tasks": 4, "connections": 0, "done": 0, **more})


@pytest.mark.parametrize(
    ("last", "words"),
    [
        ({"tasks": 5}, "tasks"),
        ({"connections": 1}, "connections"),
        ({"fds": 60}, "descriptors"),
        ({}, None),
    ],
)
def test_what_is_left_over_is_told(last: dict[str, float], words: str | None) -> None:
    found = soak.faults_of([sample(), sample(), sample(**last)], clients=4)
    assert [words in fault for fault in found] == ([] if words is None else [True])


@pytest.mark.parametrize(("minute", "faults"), [(0.0, 0), (0.4, 0), (0.6, 1), (5.0, 1)])
def test_memory_that_grows_once_all_is_warm_is_told(minute: float, faults: int) -> None:
    # It grows while it warms up, and jumps for a moment now and then.
    under = [sample(at=5 * n, rss=80 + min(n, 15) + minute * n / 12 + 9 * (n % 7 == 0)) for n in range(40)]
    assert len(soak.faults_of([sample(), *under, sample()], clients=4)) == faults


def test_a_short_run_tells_no_slope() -> None:
    assert soak.growth([sample(at=5 * n, rss=100 + n) for n in range(20)]) is None


async def test_the_command_with_its_model_and_redis_leaves_nothing_behind() -> None:
    with soak.processes(faults=0.15, model=True, pace=0.0) as server:
        report = await soak.soak(server, clients=4, exchanges=80)
    assert report.faults == []
    assert report.outcomes["200"] > 20
    assert "500" not in report.outcomes
