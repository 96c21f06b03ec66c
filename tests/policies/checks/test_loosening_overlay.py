from __future__ import annotations

from collections.abc import Callable

from headgate.policies.checks import loosening_overlay
from headgate.policies.diagnostics import Diagnostic
from headgate.policies.load import source_of_text


def test_every_line_that_loosens_is_reported(golden: Callable[[str], list[Diagnostic]]) -> None:
    assert {fault.code for fault in golden("loosening_overlay")} == {
        "loosens",
        "unknown-category",
        "unknown-key",
        "misplaced-action",
    }


def test_an_overlay_that_tightens_is_sound() -> None:
    text = """version: 1
extends: default
tenants: {acme: {input: {minor: flag}, thresholds: {default: 0.3}, on_unjudged: strict}}
"""
    assert not list(loosening_overlay.check(source_of_text(text)))
