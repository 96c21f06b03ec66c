from __future__ import annotations

from collections.abc import Callable

from headgate.policies.checks import conversation_block
from headgate.policies.diagnostics import Diagnostic
from headgate.policies.load import source_of_text


def test_windows_and_decays_that_cannot_be_are_reported(golden: Callable[[str], list[Diagnostic]]) -> None:
    assert [fault.code for fault in golden("conversation_block")] == ["out-of-range"] * 2


def test_the_bounds_themselves_are_accepted() -> None:
    text = "version: 1\nconversation: {block: all, window: 16, decay: 1, joined: false}\n"
    assert not list(conversation_block.check(source_of_text(text)))
