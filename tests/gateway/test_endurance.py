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


@pytest.mark.parametrize(("growth", "faults"), [(0.0, 0), (0.05, 0), (0.5, 1)])
def test_memory_that_grows_is_told(growth: float, faults: int) -> None:
    under = [sample(rss=100 + 20 * (n < 10) + growth * n) for n in range(40)]
    assert len(soak.faults_of([sample(), *under, sample()], clients=4)) == faults
