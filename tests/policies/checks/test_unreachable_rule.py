from __future__ import annotations

from collections.abc import Callable

from headgate.policies.checks import unreachable_rule
from headgate.policies.diagnostics import Diagnostic
from headgate.policies.load import source_of_text


def test_rules_that_change_nothing_are_warned_of(golden: Callable[[str], list[Diagnostic]]) -> None:
    assert {fault.code for fault in golden("unreachable_rule")} == {"unreachable"}


def test_a_rule_may_concern_what_lists_find() -> None:
    text = """version: 1
lists: {mild: {words: [darn], action: flag}}
rules: {already: {when: {category: violence, severity: severe}, action: flag}}
"""
    assert not list(unreachable_rule.check(source_of_text(text)))
