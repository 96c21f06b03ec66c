from __future__ import annotations

from collections.abc import Callable

from headgate.policies.checks import stream_block
from headgate.policies.diagnostics import Diagnostic
from headgate.policies.load import source_of_text


def test_an_exposure_that_never_happens_is_warned_of(golden: Callable[[str], list[Diagnostic]]) -> None:
    assert {fault.code for fault in golden("stream_block")} == {"unused"}


def test_sentences_may_be_exposed() -> None:
    text = """version: 1
stream: {hold: sentence, max_exposed_chars: 200}
"""
    assert not list(stream_block.check(source_of_text(text)))
