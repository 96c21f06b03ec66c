from __future__ import annotations

from collections.abc import Callable

from headgate.policies.checks import contradiction
from headgate.policies.diagnostics import Diagnostic
from headgate.policies.load import source_of_text


def test_lines_that_undo_one_another_are_reported(golden: Callable[[str], list[Diagnostic]]) -> None:
    assert {fault.code for fault in golden("contradiction")} == {"contradiction"}


def test_an_exception_under_other_circumstances_contradicts_nothing() -> None:
    text = """version: 1
rules: {stop: {when: {tool: shell}, action: refuse}}
exceptions: {go: {when: {tool: shell, tenant: lab}, action: allow, reason: a study, expires: "2099-01-01"}}
"""
    assert not list(contradiction.check(source_of_text(text)))
