from __future__ import annotations

import pytest

from headgate.policies.checks.ranges import Range, outside
from headgate.policies.load import source_of_text


@pytest.mark.parametrize(("value", "faults"), [("1", 0), ("20", 0), ("0", 1), ("21", 1), ("many", 0), ("null", 0)])
def test_both_ends_are_allowed_and_what_is_no_number_is_left_to_others(value: str, faults: int) -> None:
    block = source_of_text(f"budget: {{tokens: {value}}}").root
    assert len(list(outside(block, name="block", ranges={"budget.tokens": Range(1, 20)}))) == faults
