"""Threads for what an event loop must not wait for: one pool for what computes, others for what waits for the network.

Whoever waits for a server that a caller picked never keeps a judgement from being made, nor a helper from being asked.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Literal, ParamSpec, TypeAlias, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
Work: TypeAlias = Literal["compute", "fetch", "consult"]

WAITING: Final = 32
"""Threads of a pool that waits for the network."""


def aside(work: Work, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> asyncio.Future[R]:
    """The function's result from a thread of its pool, in the caller's context; cancelling it ends no thread."""
    call = functools.partial(contextvars.copy_context().run, function, *args, **kwargs)
    return asyncio.get_running_loop().run_in_executor(_pool(work), call)


@functools.cache
def _pool(work: Work) -> ThreadPoolExecutor:
    count = len(os.sched_getaffinity(0)) if work == "compute" else WAITING
    return ThreadPoolExecutor(count, thread_name_prefix=f"headgate-{work}")


# Threads do not live on in a child process: it starts its own.
os.register_at_fork(after_in_child=_pool.cache_clear)
