from __future__ import annotations

from collections.abc import Callable

from headgate.policies.checks import unjudged_block
from headgate.policies.diagnostics import Diagnostic
from headgate.policies.load import source_of_text


def test_actions_that_need_a_judgement_are_reported(golden: Callable[[str], list[Diagnostic]]) -> None:
    assert {fault.code for fault in golden("unjudged_block")} == {"misplaced-action", "unjudged-passes"}


def test_what_needs_no_judgement_is_accepted() -> None:
    text = """version: 1
on_unjudged: {text: flag, image: allow, video: redact, opaque: refuse}
"""
    assert not list(unjudged_block.check(source_of_text(text)))
