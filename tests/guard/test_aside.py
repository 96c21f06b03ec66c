"""Work in threads: its own context, and nobody waits behind what waits for the network."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from contextvars import ContextVar

import pytest

from headgate.guard.aside import WAITING, aside

SAID: ContextVar[str] = ContextVar("said")


async def test_it_runs_in_a_thread_of_its_kind_and_in_the_context_of_its_caller() -> None:
    SAID.set("mine")

    def told(greeting: str, *, name: str) -> tuple[str, str, str]:
        return (f"{greeting} {name}", SAID.get(), threading.current_thread().name)

    said, mine, thread = await aside("compute", told, "Hello", name="you")
    assert (said, mine) == ("Hello you", "mine")
    assert thread.startswith("headgate-compute")


async def test_what_it_raises_reaches_the_caller() -> None:
    with pytest.raises(ZeroDivisionError):
        await aside("compute", divmod, 1, 0)


async def test_what_waits_for_the_network_holds_up_nothing_else() -> None:
    go = threading.Event()
    waiting = [aside("fetch", go.wait) for _ in range(WAITING + 1)]
    try:
        found = await asyncio.wait_for(
            asyncio.gather(aside("compute", len, "abc"), aside("consult", len, "ab"), asyncio.to_thread(len, "a")), 60
        )
    finally:
        go.set()
    assert [*found] == [3, 2, 1]
    assert all(await asyncio.gather(*waiting))


FORKING = """
import asyncio, os
from headgate.guard.aside import aside

async def asked():
    return await asyncio.wait_for(aside("compute", len, "abc"), 60)

assert asyncio.run(asked()) == 3
child = os.fork()
if child == 0:
    os._exit(asyncio.run(asked()))
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_child_process_starts_threads_of_its_own() -> None:
    found = subprocess.run([sys.executable, "-c", FORKING], capture_output=True, text=True, timeout=120, check=True)
    assert found.stdout.strip() == "3"
