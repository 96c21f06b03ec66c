"""Runs the application under uvicorn: uvloop, httptools, no access log, an orderly end."""

from __future__ import annotations

import os
import tempfile
from typing import Any, Final

import msgspec
import uvicorn
from litestar import Litestar

from .app import create_app
from .config import Settings
from .metrics import MULTIPROCESS_VARIABLE

SETTINGS_VARIABLE: Final = "HEADGATE_SETTINGS"
"""How the worker processes learn the settings; set by `serve`, never by hand."""


def serve(settings: Settings) -> None:
    """Serve until stopped by a signal; with several workers each is a process with models of its own."""
    if settings.workers == 1:
        uvicorn.Server(uvicorn.Config(create_app(settings), **_options(settings))).run()
        return
    with tempfile.TemporaryDirectory(prefix="headgate-metrics-") as folder:
        os.environ[SETTINGS_VARIABLE] = msgspec.json.encode(settings).decode()
        os.environ[MULTIPROCESS_VARIABLE] = folder
        uvicorn.run(f"{__name__}:worker", factory=True, workers=settings.workers, **_options(settings))


def worker() -> Litestar:
    """The application of one worker process, from the settings that `serve` left for it."""
    return create_app(msgspec.json.decode(os.environ[SETTINGS_VARIABLE], type=Settings))


def _options(settings: Settings) -> dict[str, Any]:
    return {
        "host": settings.host,
        "port": settings.port,
        "loop": "uvloop",
        "http": "httptools",
        "access_log": False,
        "log_level": "warning",
        "server_header": False,
        "timeout_keep_alive": 75,
        "timeout_graceful_shutdown": int(settings.shutdown_timeout),
        "ws": "none",
        "interface": "asgi3",
        "backlog": 2048,
    }
