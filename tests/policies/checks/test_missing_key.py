from __future__ import annotations

from collections.abc import Callable

from headgate.policies.checks import missing_key
from headgate.policies.diagnostics import Diagnostic
from headgate.policies.load import source_of_text


def test_keys_that_must_be_there_are_reported_at_their_mapping(golden: Callable[[str], list[Diagnostic]]) -> None:
    assert {fault.code for fault in golden("missing_key")} == {"missing-key"}


def test_everything_but_the_version_may_be_left_out() -> None:
    text = """version: 1
mode: enforce
"""
    assert not list(missing_key.check(source_of_text(text)))
