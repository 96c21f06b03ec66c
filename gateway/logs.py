"""Log lines for people or for programs; what was said by anybody is in neither."""

from __future__ import annotations

import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from .config import LogFormat, LogLevel

FIELDS: Final = "fields"
"""The attribute of a log record that holds its structured fields: `log.info(…, extra={FIELDS: {…}})`."""

_FOREIGN: Final = ("uvicorn", "litestar", "aiohttp", "asyncio")


def configure(level: LogLevel, style: LogFormat) -> None:
    """Send Headgate's lines from `level` on, and warnings of the libraries below it, to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if style == "json" else TextLines())
    own = logging.getLogger("headgate")
    own.setLevel(level.upper())
    for name in ("headgate", *_FOREIGN):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False
        if name != "headgate":
            logger.setLevel(logging.WARNING)


class JsonLines(logging.Formatter):
    """One JSON object a line: time (UTC), level, logger, message, the record's fields, and the kind of an error."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
        }
        line |= getattr(record, FIELDS, {})
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = type(record.exc_info[1]).__name__
            line["stack"] = _stack(record.exc_info[1])
        return msgspec.json.encode(line, enc_hook=str).decode()


class TextLines(logging.Formatter):
    """The same for people: time, level, message and the fields behind it."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        words = [_time(record), record.levelname.lower(), _message(record)]
        words += [f"{name}={value}" for name, value in getattr(record, FIELDS, {}).items()]
        if record.exc_info and record.exc_info[1] is not None:
            words += [type(record.exc_info[1]).__name__, "at", " < ".join(reversed(_stack(record.exc_info[1])))]
        return " ".join(words)


def _message(record: logging.LogRecord) -> str:
    """Of a library's message the first line: what follows may show an error's text."""
    message = record.getMessage()
    return message if record.name == "headgate" else message.partition("\n")[0]


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _stack(error: BaseException) -> list[str]:
    """Where an error came from, outermost first, without its text: that may quote content."""
    return [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
