from __future__ import annotations

from collections.abc import Callable

from headgate.policies.checks import unknown_key
from headgate.policies.diagnostics import Diagnostic
from headgate.policies.load import source_of_text


def test_keys_that_no_policy_has_are_reported_with_the_nearest_valid_one(
    golden: Callable[[str], list[Diagnostic]],
) -> None:
    assert {fault.code for fault in golden("unknown_key")} == {"unknown-key"}


def test_severities_and_categories_are_left_to_their_own_checks() -> None:
    text = """version: 1
input: {sever: refuse}
categories: {violense: {input: refuse}}
"""
    assert not list(unknown_key.check(source_of_text(text)))
