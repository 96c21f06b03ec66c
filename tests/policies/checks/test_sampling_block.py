from __future__ import annotations

from collections.abc import Callable

from headgate.policies.checks import sampling_block
from headgate.policies.diagnostics import Diagnostic
from headgate.policies.load import source_of_text


def test_bounds_out_of_range_and_needed_parameters_are_reported(golden: Callable[[str], list[Diagnostic]]) -> None:
    assert {fault.code for fault in golden("sampling_block")} == {"out-of-range", "bad-drop"}


def test_null_is_no_bound() -> None:
    text = """version: 1
sampling: {top_k: {max: null}, max_tokens: {max: 100}, drop: [seed, logit_bias]}
"""
    assert not list(sampling_block.check(source_of_text(text)))
