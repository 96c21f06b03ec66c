from __future__ import annotations

from collections.abc import Callable

from headgate.policies.checks import redundant
from headgate.policies.diagnostics import Diagnostic
from headgate.policies.load import source_of_text


def test_lines_that_change_nothing_are_warned_of(golden: Callable[[str], list[Diagnostic]]) -> None:
    assert {fault.code for fault in golden("redundant")} == {"redundant"}


def test_a_line_that_overrides_an_inherited_one_is_not_redundant() -> None:
    text = """version: 1
document: redact
categories: {prompt_attack: {document: redact}}
"""
    assert not list(redundant.check(source_of_text(text)))
