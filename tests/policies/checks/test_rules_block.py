from __future__ import annotations

from collections.abc import Callable

from headgate.policies.checks import rules_block
from headgate.policies.diagnostics import Diagnostic
from headgate.policies.load import source_of_text


def test_rules_and_exceptions_that_cannot_be_followed_are_reported(golden: Callable[[str], list[Diagnostic]]) -> None:
    assert {fault.code for fault in golden("rules_block")} == {
        "bad-name",
        "misplaced-action",
        "unknown-category",
        "bad-exception",
        "category-floor",
    }


def test_names_may_hold_wildcards_and_actions_fit_every_direction_named() -> None:
    text = """version: 1
rules:
  steer: {when: {direction: [input, document], category: "s*"}, action: guideline}
exceptions:
  study: {when: {tenant: "red-*"}, reason: a study, expires: "2099-01-01"}
"""
    assert not list(rules_block.check(source_of_text(text)))
