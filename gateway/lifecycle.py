"""The gateway's answer to signals: SIGTERM drains it, SIGHUP reloads it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from types import FrameType
from typing import Any, Protocol

from .state import Gateway

log = logging.getLogger("headgate")


class Sender(Protocol):
    """What sends to a collector, and may have to wait for it at its end."""

    def close(self) -> None:
        """Send what is left, and stop."""
        ...


async def all_closed(senders: Iterable[Sender | None]) -> None:
    """Close them side by side, each in a thread: what one of them waits for or raises holds up none of the others."""
    closing = (asyncio.to_thread(one.close) for one in senders if one is not None)
    for fault in await asyncio.gather(*closing, return_exceptions=True):
        if fault is not None:
            raise fault


async def stopped(running: asyncio.Future[Any]) -> None:
    """Cancel what runs in the background, and wait for its end."""
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


@contextlib.contextmanager
def signals(gateway: Gateway, *, reload: Callable[[], None]) -> Iterator[None]:
    """While open, SIGHUP calls `reload` and the first SIGTERM drains; enter it on the running event loop.

    Draining: `/readyz` answers 503 for the settings' `drain` seconds, while everything is still served, so that load
    balancers look elsewhere; then the server closes its door, lets streams end and exits. A second SIGTERM does not
    wait. Outside the main thread, where no signal arrives, nothing is done.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    server = signal.getsignal(signal.SIGTERM)

    def close_door() -> None:
        if callable(server):
            server(signal.SIGTERM, None)

    def terminate(number: int, frame: FrameType | None) -> None:
        seconds = gateway.settings.drain
        if gateway.draining or not seconds:
            gateway.draining = True
            close_door()
            return
        gateway.draining = True
        log.warning("draining for %g s", seconds)
        loop.call_soon_threadsafe(loop.call_later, seconds, close_door)

    def hang_up(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(reload)

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    signal.signal(signal.SIGTERM, terminate)
    signal.signal(signal.SIGHUP, hang_up)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
