from __future__ import annotations

from collections.abc import Callable

from headgate.policies.checks import threshold_gap
from headgate.policies.diagnostics import Diagnostic
from headgate.policies.load import source_of_text


def test_a_threshold_over_the_default_one_is_warned_of(golden: Callable[[str], list[Diagnostic]]) -> None:
    assert {fault.code for fault in golden("threshold_gap")} == {"threshold-gap"}


def test_rates_and_lower_numbers_leave_no_gap() -> None:
    text = """version: 1
thresholds: {default: 0.6, violence: 0.5, drugs: {fpr: 0.01}}
"""
    assert not list(threshold_gap.check(source_of_text(text)))
