from __future__ import annotations

from collections.abc import Callable

from headgate.policies.checks import unknown_severity
from headgate.policies.diagnostics import Diagnostic
from headgate.policies.load import source_of_text


def test_severities_that_there_are_not_are_reported_in_every_row(golden: Callable[[str], list[Diagnostic]]) -> None:
    assert {fault.code for fault in golden("unknown_severity")} == {"unknown-severity"}


def test_the_three_severities_are_known() -> None:
    text = """version: 1
input: {minor: allow, moderate: flag, severe: refuse}
"""
    assert not list(unknown_severity.check(source_of_text(text)))
