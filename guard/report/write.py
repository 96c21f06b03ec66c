"""Puts a report into a folder."""

from __future__ import annotations

from pathlib import Path

import msgspec

from ...models.errors import ConfigError
from ..evaluate import Evaluation
from .page import page


def write_report(evaluation: Evaluation, folder: Path) -> Path:
    """Writes `report.html` and `report.json` (figures only, no content) and returns the page's path.

    The folder is made where it is missing; ConfigError where it cannot be written.
    """
    html, figures = folder / "report.html", folder / "report.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        figures.write_bytes(msgspec.json.format(msgspec.json.encode(evaluation.report), indent=1) + b"\n")
        html.write_bytes(page(evaluation).encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise ConfigError(f"cannot write the report to {folder}: {error.strerror or error}") from error
    return html
