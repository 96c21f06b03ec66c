from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from headgate.guard.evaluate import Report
from headgate.guard.report.write import write_report
from headgate.models.errors import ConfigError

from .evaluation import evaluation


def test_a_page_and_its_figures_are_written(tmp_path: Path) -> None:
    found = evaluation()
    html = write_report(found, tmp_path / "deep" / "er")
    assert html.read_text("utf-8").startswith("<!doctype html>")
    assert msgspec.json.decode((html.parent / "report.json").read_bytes(), type=Report) == found.report


def test_the_figures_quote_no_row(tmp_path: Path) -> None:
    write_report(evaluation(), tmp_path)
    assert "pear" not in (tmp_path / "report.json").read_text()


def test_a_text_that_is_no_sound_unicode_does_not_stop_it(tmp_path: Path) -> None:
    assert "\\udc80" in write_report(evaluation("pear 4 \udc80"), tmp_path).read_text("utf-8")


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(ConfigError, match="taken"):
        write_report(evaluation(), tmp_path / "taken")
