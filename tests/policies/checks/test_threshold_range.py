from __future__ import annotations

from collections.abc import Callable

from headgate.policies.checks import threshold_range
from headgate.policies.diagnostics import Diagnostic
from headgate.policies.load import source_of_text


def test_thresholds_and_rates_that_are_no_probability_are_reported(golden: Callable[[str], list[Diagnostic]]) -> None:
    assert {fault.code for fault in golden("threshold_range")} == {"bad-threshold"}


def test_probabilities_and_rates_are_accepted() -> None:
    text = """version: 1
thresholds: {default: 1, violence: 0.01, insult: {fpr: 0.5}}
"""
    assert not list(threshold_range.check(source_of_text(text)))
