from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from headgate.gateway.logs import FIELDS, JsonLines, TextLines, configure

LOGGERS = ("headgate", "uvicorn", "litestar", "aiohttp", "asyncio")


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    kept = [(one, one.handlers, one.level, one.propagate) for one in map(logging.getLogger, LOGGERS)]
    yield
    for logger, handlers, level, propagate in kept:
        logger.handlers, logger.propagate = handlers, propagate
        logger.setLevel(level)


def record(
    message: str, *, name: str = "headgate", error: BaseException | None = None, **fields: object
) -> logging.LogRecord:
    info = (type(error), error, error.__traceback__) if error is not None else None
    made = logging.LogRecord(name, logging.WARNING, "f.py", 1, message, (), info)
    setattr(made, FIELDS, fields)
    return made


def failed() -> BaseException:
    try:
        raise ValueError("zyzzyva")
    except ValueError as error:
        return error


def test_a_line_for_programs_is_one_json_object() -> None:
    line = JsonLines().format(record("reloaded", id="1", ms=2.5))
    found = json.loads(line)
    assert "\n" not in line
    assert (found["level"], found["logger"], found["message"]) == ("warning", "headgate", "reloaded")
    assert (found["id"], found["ms"]) == ("1", 2.5)
    assert found["time"].endswith("Z")


def test_a_line_for_people_has_the_fields_behind_it() -> None:
    assert TextLines().format(record("reloaded", id="1")).endswith(" warning reloaded id=1")


@pytest.mark.parametrize("style", [JsonLines(), TextLines()])
def test_of_an_error_the_kind_and_the_place_are_told_and_never_its_text(style: logging.Formatter) -> None:
    line = style.format(record("an exchange failed", error=failed()))
    assert "ValueError" in line
    assert "failed:" in line
    assert "zyzzyva" not in line


def test_of_a_librarys_message_only_the_first_line_is_told() -> None:
    line = JsonLines().format(record("Task exception was never retrieved\nfuture: zyzzyva", name="asyncio"))
    assert "never retrieved" in line
    assert "zyzzyva" not in line


@pytest.mark.parametrize("style", ["json", "text"])
def test_lines_go_to_stderr_from_the_level_on(style: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure("info", style)  # type: ignore[arg-type]
    logging.getLogger("headgate").info("told")
    logging.getLogger("headgate").debug("silent")
    logging.getLogger("litestar").info("silent")
    logging.getLogger("litestar").warning("loud")
    said = capsys.readouterr().err
    assert "told" in said
    assert "loud" in said
    assert "silent" not in said
