from __future__ import annotations

from headgate.policies.checks.uncovered import check_covered
from headgate.policies.load import source_of_text


def test_rows_of_a_category_that_nobody_assesses_are_warned_of() -> None:
    source = source_of_text("version: 1\ncategories:\n  weapons: {input: refuse}\n  drugs: {input: refuse}\n")
    (found,) = check_covered(source, covers={"weapons"})
    assert (found.line, found.code) == (4, "uncovered")


def test_a_threshold_that_no_classifier_can_reach_is_warned_of_at_its_line() -> None:
    source = source_of_text("version: 1\nthresholds:\n  default: 0.5\n  violence: 0.6\n  drugs: 0.6\n")
    (found,) = check_covered(source, covers={"violence"})
    assert (found.line, found.column, found.severity, found.code) == (5, 3, "warning", "uncovered")
    assert "'drugs'" in found.message
