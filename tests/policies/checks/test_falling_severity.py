from __future__ import annotations

from collections.abc import Callable

from headgate.policies.checks import falling_severity
from headgate.policies.diagnostics import Diagnostic
from headgate.policies.load import source_of_text


def test_a_milder_action_for_worse_content_is_reported_through_inheritance(
    golden: Callable[[str], list[Diagnostic]],
) -> None:
    assert {fault.code for fault in golden("falling_severity")} == {"falling-severity"}


def test_equal_actions_are_no_fall() -> None:
    text = """version: 1
input: {minor: flag, moderate: flag, severe: flag}
"""
    assert not list(falling_severity.check(source_of_text(text)))
