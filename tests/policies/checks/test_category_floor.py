from __future__ import annotations

from collections.abc import Callable

from headgate.policies.checks import category_floor
from headgate.policies.diagnostics import Diagnostic
from headgate.policies.load import source_of_text


def test_rows_and_thresholds_that_loosen_a_floored_category_are_reported(
    golden: Callable[[str], list[Diagnostic]],
) -> None:
    assert {fault.code for fault in golden("category_floor")} == {"category-floor", "unreachable"}


def test_a_lower_threshold_only_finds_more() -> None:
    text = """version: 1
thresholds: {child_safety: 0.2}
input: allow
"""
    assert not list(category_floor.check(source_of_text(text)))
