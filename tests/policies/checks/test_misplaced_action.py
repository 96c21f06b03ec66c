from __future__ import annotations

from collections.abc import Callable

from headgate.policies.checks import misplaced_action
from headgate.policies.diagnostics import Diagnostic
from headgate.policies.load import source_of_text


def test_actions_that_a_direction_cannot_take_are_reported_with_those_it_can(
    golden: Callable[[str], list[Diagnostic]],
) -> None:
    assert {fault.code for fault in golden("misplaced_action")} == {"misplaced-action"}


def test_each_direction_takes_its_own_actions() -> None:
    text = """version: 1
input: {moderate: guideline, severe: support}
output: {moderate: correct, severe: regenerate}
"""
    assert not list(misplaced_action.check(source_of_text(text)))
