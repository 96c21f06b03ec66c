from __future__ import annotations

from collections.abc import Callable

from headgate.policies.checks import unknown_action
from headgate.policies.diagnostics import Diagnostic
from headgate.policies.load import source_of_text


def test_words_that_are_no_action_are_reported_wherever_an_action_stands(
    golden: Callable[[str], list[Diagnostic]],
) -> None:
    assert {fault.code for fault in golden("unknown_action")} == {"unknown-action"}


def test_the_eight_actions_are_known() -> None:
    text = """version: 1
output: {minor: correct, moderate: regenerate, severe: refuse}
input: {minor: guideline, severe: support}
"""
    assert not list(unknown_action.check(source_of_text(text)))
