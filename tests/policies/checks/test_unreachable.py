from __future__ import annotations

from collections.abc import Callable

from headgate.policies.checks import unreachable
from headgate.policies.diagnostics import Diagnostic
from headgate.policies.load import source_of_text


def test_lines_that_no_content_reaches_are_warned_of(golden: Callable[[str], list[Diagnostic]]) -> None:
    assert {fault.code for fault in golden("unreachable")} == {"unreachable"}


def test_reachable_lines_are_not() -> None:
    text = """version: 1
categories: {prompt_attack: {input: refuse}, child_safety: {input: {severe: refuse}}}
"""
    assert not list(unreachable.check(source_of_text(text)))
