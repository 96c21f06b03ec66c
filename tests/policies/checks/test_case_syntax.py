from __future__ import annotations

from collections.abc import Callable

from headgate.policies.checks import case_syntax
from headgate.policies.diagnostics import Diagnostic
from headgate.policies.load import source_of_text


def test_cases_that_test_nothing_are_reported(golden: Callable[[str], list[Diagnostic]]) -> None:
    assert {fault.code for fault in golden("case_syntax")} == {"bad-case"}


def test_a_pair_may_be_refused_before_its_answer() -> None:
    text = """version: 1
cases: [{prompt: "Good morning.", response: "Good evening.", expect: guideline}]
"""
    assert not list(case_syntax.check(source_of_text(text)))
