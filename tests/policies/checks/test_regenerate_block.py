from __future__ import annotations

from collections.abc import Callable

from headgate.policies.checks import regenerate_block
from headgate.policies.diagnostics import Diagnostic
from headgate.policies.load import source_of_text


def test_numbers_that_no_loop_can_follow_are_reported(golden: Callable[[str], list[Diagnostic]]) -> None:
    assert {fault.code for fault in golden("regenerate_block")} == {"out-of-range", "unused"}


def test_no_budget_is_a_budget() -> None:
    text = """version: 1
regenerate: {rounds: 20, strategy: best_of_n, n: 4, budget: {seconds: null, tokens: null}}
"""
    assert not list(regenerate_block.check(source_of_text(text)))
