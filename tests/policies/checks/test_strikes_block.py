from __future__ import annotations

from collections.abc import Callable

from headgate.policies.checks import strikes_block
from headgate.policies.diagnostics import Diagnostic
from headgate.policies.load import source_of_text


def test_points_and_times_that_nobody_can_count_are_reported(golden: Callable[[str], list[Diagnostic]]) -> None:
    assert {fault.code for fault in golden("strikes_block")} == {"out-of-range"}


def test_several_bars_may_follow_one_another() -> None:
    text = """version: 1
strikes: {severe: 10, half_life: 600, refuse: [{points: 10, seconds: 600}, {points: 30, seconds: 86400}]}
"""
    assert not list(strikes_block.check(source_of_text(text)))
