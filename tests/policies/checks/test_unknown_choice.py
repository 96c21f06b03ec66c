from __future__ import annotations

from collections.abc import Callable

from headgate.policies.checks import unknown_choice
from headgate.policies.diagnostics import Diagnostic
from headgate.policies.load import source_of_text


def test_words_that_a_setting_does_not_take_are_reported_with_those_it_takes(
    golden: Callable[[str], list[Diagnostic]],
) -> None:
    assert {fault.code for fault in golden("unknown_choice")} == {"unknown-choice"}


def test_known_words_are_accepted() -> None:
    text = """version: 1
mode: monitor
on_unjudged: strict
regenerate: {strategy: best_of_n}
"""
    assert not list(unknown_choice.check(source_of_text(text)))
