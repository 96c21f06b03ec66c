"""This machine: shards in threads of one process, or in several processes with models of their own.

Shards come back in the order in which they went out, and only a few are on the way at a time.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from ....models.errors import HeadgateError
from ..place import Halted
from ..plan import Plan
from ..shards import Reading, read_shards
from ..store import Marker
from ..work import Shard, Worker

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

Open = Callable[[Plan], Worker]
"""Makes the worker of a process; travels to it."""

AHEAD: Final = 2
"""Shards on the way for each worker: one in its hands, one waiting."""

_workers: list[Worker | HeadgateError] = []
"""The worker of this process, or why there is none."""


def run_threads(worker: Worker, reading: Reading, *, threads: int) -> Iterator[Marker]:
    """The markers of all shards, in order, done by threads of this process."""
    shards = read_shards(reading)
    if threads == 1:
        yield from map(worker, shards)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(threads, thread_name_prefix="headgate-shard") as pool:
        yield from _in_order(pool, worker, shards, ahead=threads * AHEAD)


def run_processes(open_worker: Open, plan: Plan, reading: Reading, *, processes: int) -> Iterator[Marker]:
    """The same by processes, each of which opens a worker; Halted where one dies, and what opening one raises."""
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(processes, mp_context=context, initializer=_begin, initargs=(open_worker, plan))
    try:
        yield from _in_order(pool, _do, read_shards(reading), ahead=processes * AHEAD)
    except BrokenProcessPool as error:
        raise Halted("a worker process died (out of memory?): what was done is kept, go on with --resume") from error
    finally:
        pool.shutdown(cancel_futures=True)


def _in_order(
    pool: Executor, work: Callable[[Shard], Marker], shards: Iterator[Shard], *, ahead: int
) -> Iterator[Marker]:
    waiting: deque[Future[Marker]] = deque()
    try:
        for shard in shards:
            waiting.append(pool.submit(work, shard))
            if len(waiting) >= ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


def _begin(open_worker: Open, plan: Plan) -> None:
    threading.Thread(target=_follow, daemon=True).start()
    try:
        _workers.append(open_worker(plan))
    except HeadgateError as error:  # told where somebody listens: what is raised here is lost
        _workers.append(error)


def _follow() -> None:
    """Ends this process when its parent has ended, however that came about."""
    import multiprocessing

    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _do(shard: Shard) -> Marker:
    worker = _workers[0]
    if isinstance(worker, HeadgateError):
        raise worker
    return worker(shard)
