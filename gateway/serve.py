"""Runs the application under uvicorn: uvloop, bounded httptools, no access log, an orderly end."""

from __future__ import annotations

import contextlib
import os
import signal
import tempfile
from typing import TYPE_CHECKING, Any, Final

import msgspec
import uvicorn
from prometheus_client import multiprocess
from uvicorn.supervisors import Multiprocess

from ..policies.compile import load_policy
from .config import Settings
from .loading import lacking, loading
from .logs import configure
from .metrics import MULTIPROCESS_VARIABLE
from .model_settings import check_present
from .origin import Origin
from .pauses import held, settle
from .protocol import bounded_http

if TYPE_CHECKING:
    from litestar import Litestar

JOB_VARIABLE: Final = "HEADGATE_JOB"
"""How the worker processes learn what to serve; set by `serve`, never by hand."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker process serves, and where a reload finds its settings."""

    settings: Settings
    origin: Origin


def serve(settings: Settings, *, origin: Origin | None = None) -> None:
    """Serve until stopped by a signal; with several workers each is a process with models of its own."""
    origin = origin or Origin(flags={"upstream": settings.upstream, "policy": settings.policy})
    configure(settings.log_level, settings.log_format)
    # Until the application answers to it: by default a reload that comes too early would end the process.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    if settings.workers == 1:
        uvicorn.Server(uvicorn.Config(application(settings, origin), **_options(settings))).run()
        return
    _check(settings)
    with tempfile.TemporaryDirectory(prefix="headgate-metrics-") as folder:
        os.environ[JOB_VARIABLE] = msgspec.json.encode(Job(settings=settings, origin=origin)).decode()
        os.environ[MULTIPROCESS_VARIABLE] = folder
        config = uvicorn.Config(f"{__name__}:worker", factory=True, workers=settings.workers, **_options(settings))
        settle()
        Workers(config, [config.bind_socket()]).run()


def application(settings: Settings, origin: Origin) -> Litestar:
    """The application of these settings, settled; its models are loaded while what serves is imported.

    Raises ConfigError where a package is missing, and what `guard_of` raises.
    """
    with held():
        loaded = loading(settings) if settings.guarded else None
        try:
            import aiohttp  # noqa: F401 - upstream's client is made as soon as the application starts

            from .app import create_app
        except ImportError as error:
            raise lacking(error) from error
        app = create_app(settings, loaded=loaded, origin=origin)
        settle()
    return app


def worker() -> Litestar:
    """The application of one worker process, as `serve` described it."""
    job = msgspec.json.decode(os.environ[JOB_VARIABLE], type=Job)
    configure(job.settings.log_level, job.settings.log_format)
    return application(job.settings, job.origin)


class Workers(Multiprocess):
    """uvicorn's supervisor, which passes SIGHUP on to the workers and takes the gauges of dead ones back."""

    def handle_hup(self) -> None:
        """Every worker reloads, as soon as it has started; none is restarted, so that no stream ends."""
        for process in self.processes:
            started = process.wait_until_ready(self.config.timeout_worker_healthcheck, self.should_exit)
            if started and process.pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGHUP)

    def keep_subprocess_alive(self) -> None:
        """Start a worker anew where one died."""
        before = {process.pid for process in self.processes}
        super().keep_subprocess_alive()
        for pid in before - {process.pid for process in self.processes}:
            multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]


def _check(settings: Settings) -> None:
    """Raises here what every worker would raise at its start, again and again."""
    if settings.guarded:
        load_policy(settings.policy)
        check_present(settings.judges)


def _options(settings: Settings) -> dict[str, Any]:
    return {
        "host": settings.host,
        "port": settings.port,
        "loop": "uvloop",
        "http": bounded_http(settings),
        "access_log": False,
        "log_config": None,
        "log_level": "warning",
        "server_header": False,
        "timeout_keep_alive": 75,
        # A worker answers once it has imported everything, which takes a busy machine longer than uvicorn's 5 seconds.
        "timeout_worker_healthcheck": 30,
        "timeout_graceful_shutdown": int(settings.shutdown_timeout),
        "ws": "none",
        "interface": "asgi3",
        "backlog": 2048,
    }
