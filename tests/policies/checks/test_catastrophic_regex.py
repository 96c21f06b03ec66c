from __future__ import annotations

from collections.abc import Callable

from headgate.policies.checks import catastrophic_regex
from headgate.policies.diagnostics import Diagnostic
from headgate.policies.load import source_of_text


def test_what_re2_refuses_is_reported_with_its_reason(golden: Callable[[str], list[Diagnostic]]) -> None:
    assert {fault.code for fault in golden("catastrophic_regex")} == {"bad-regex"}


def test_nested_quantifiers_cost_nothing_here() -> None:
    text = """version: 1
lists: {a: {regex: ["(a+)+b", "(x|xx)*y"], action: flag}}
"""
    assert not list(catastrophic_regex.check(source_of_text(text)))
