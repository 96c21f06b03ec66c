"""A real Redis for tests, on a socket of its own, that can be killed, started again, stopped, filled and asked."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

BINARY = shutil.which("redis-server")


class RedisServer:
    """One server process, empty at each start."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "redis.sock"
        self.url = f"unix://{self.socket}"
        self.client = redis.Redis(unix_socket_path=str(self.socket), socket_timeout=5)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether there is a process."""
        return self._process is not None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        assert BINARY is not None
        options = ["--port", "0", "--unixsocket", str(self.socket), "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(
            [BINARY, *options, "--dir", str(self.socket.parent)], stdout=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 20
        while True:
            try:
                self.client.ping()
                return
            except redis.RedisError:
                assert time.monotonic() < deadline, "redis-server does not start"
                time.sleep(0.01)

    def kill(self) -> None:
        """End it at once; what it knew is lost."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Take its connections and answer nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def fill(self) -> None:
        """Refuse every write for want of memory."""
        self.client.config_set("maxmemory", 1)

    def empty(self) -> None:
        """Take writes again, and forget everything."""
        self.client.config_set("maxmemory", 0)
        self.client.flushall()


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    """A server that runs until the end of the block."""
    with tempfile.TemporaryDirectory(prefix="hg-redis-") as folder:
        server = RedisServer(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.kill()
            server.client.close()
