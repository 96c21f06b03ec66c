from __future__ import annotations

from collections.abc import Callable

from headgate.policies.checks import unknown_category
from headgate.policies.diagnostics import Diagnostic
from headgate.policies.load import source_of_text


def test_categories_that_there_are_not_are_reported_wherever_they_are_named(
    golden: Callable[[str], list[Diagnostic]],
) -> None:
    assert {fault.code for fault in golden("unknown_category")} == {"unknown-category"}


def test_thresholds_have_two_keys_of_their_own() -> None:
    text = """version: 1
thresholds: {default: 0.5, sensitive: 0.5, violence: 0.5}
"""
    assert not list(unknown_category.check(source_of_text(text)))
