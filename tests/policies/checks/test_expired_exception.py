from __future__ import annotations

from collections.abc import Callable

from headgate.policies.checks import expired_exception
from headgate.policies.diagnostics import Diagnostic
from headgate.policies.load import source_of_text


def test_days_that_are_past_or_none_are_told(golden: Callable[[str], list[Diagnostic]]) -> None:
    assert {fault.code for fault in golden("expired_exception")} == {"expired", "bad-date"}


def test_a_day_to_come_is_no_fault() -> None:
    text = """version: 1
exceptions: {a: {when: {tenant: b}, reason: c, expires: "2099-01-01"}}
"""
    assert not list(expired_exception.check(source_of_text(text)))
