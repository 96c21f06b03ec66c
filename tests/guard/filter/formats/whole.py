"""Runs a whole filter over a file of any format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from headgate.guard.filter.formats.block import Block, Size
from headgate.guard.filter.formats.choose import open_format
from headgate.guard.filter.report import FilterReport
from headgate.guard.filter.run import run_filter

from ..rows import Counting, job


def filtered(source: Path | str, folder: Path, **more: Any) -> FilterReport:
    return run_filter(job(Counting(), folder, source, **more))


def blocks(name: Path, *, rows: int = 100, wanted: Any = None) -> list[Block]:
    return list(open_format(str(name)).blocks(str(name), size=Size(rows), wanted=wanted))
