from __future__ import annotations

import os
import signal
from functools import partial
from pathlib import Path

import pytest

from headgate.guard.filter.engines.local import run_processes, run_threads
from headgate.guard.filter.place import Halted
from headgate.guard.filter.plan import Plan
from headgate.guard.filter.shards import Reading
from headgate.guard.filter.store import begin_scratch
from headgate.guard.filter.work import Worker
from headgate.models.errors import ConfigError

from ..rows import write


def _reading(folder: Path, plan: Plan) -> Reading:
    source = write(folder / "in.jsonl", [{"text": f"line {n}"} for n in range(30)])
    return Reading(inputs=(str(source),), plan=plan, rows=4)


@pytest.mark.parametrize("threads", [1, 4])
def test_markers_come_back_in_order(tmp_path: Path, threads: int) -> None:
    begin_scratch(tmp_path)
    plan = Plan(folder=str(tmp_path))
    markers = list(run_threads(Worker(plan, None), _reading(tmp_path, plan), threads=threads))
    assert [marker.key.block for marker in markers] == list(range(8))


def _dies(plan: Plan) -> Worker:
    class Dying(Worker):
        def __call__(self, shard: object) -> object:  # type: ignore[override]
            os.kill(os.getpid(), signal.SIGKILL)
            return None

    return Dying(plan, None)


@pytest.mark.slow
def test_a_worker_that_dies_ends_the_run_where_it_can_go_on(tmp_path: Path) -> None:
    begin_scratch(tmp_path)
    plan = Plan(folder=str(tmp_path))
    with pytest.raises(Halted, match="--resume"):
        list(run_processes(partial(_dies), plan, _reading(tmp_path, plan), processes=1))


def _refuses(plan: Plan) -> Worker:
    raise ConfigError("--key-env OTHER: the variable holds no key")


@pytest.mark.slow
def test_what_opening_a_worker_raises_is_told_as_it_is(tmp_path: Path) -> None:
    begin_scratch(tmp_path)
    plan = Plan(folder=str(tmp_path))
    with pytest.raises(ConfigError, match="--key-env OTHER"):
        list(run_processes(partial(_refuses), plan, _reading(tmp_path, plan), processes=1))
