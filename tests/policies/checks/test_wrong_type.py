from __future__ import annotations

from collections.abc import Callable

from headgate.policies.checks import wrong_type
from headgate.policies.diagnostics import Diagnostic
from headgate.policies.load import source_of_text


def test_values_of_another_type_are_reported_in_plain_words(golden: Callable[[str], list[Diagnostic]]) -> None:
    assert {fault.code for fault in golden("wrong_type")} == {"wrong-type"}


def test_whole_numbers_do_for_numbers_and_null_where_there_may_be_no_bound() -> None:
    text = """version: 1
thresholds: {default: 1}
regenerate: {budget: {seconds: null, tokens: 10}}
"""
    assert not list(wrong_type.check(source_of_text(text)))
