from __future__ import annotations

from collections.abc import Callable

import pytest

from headgate.policies.checks import stream_block
from headgate.policies.diagnostics import Diagnostic
from headgate.policies.load import source_of_text


def test_an_exposure_that_never_happens_is_warned_of(golden: Callable[[str], list[Diagnostic]]) -> None:
    assert {fault.code for fault in golden("stream_block")} == {"unused"}


def test_numbers_out_of_range_unknown_words_and_corrections_without_a_corrector_are_reported(
    golden: Callable[[str], list[Diagnostic]],
) -> None:
    assert {fault.code for fault in golden("stream_numbers")} == {"out-of-range", "no-service", "unknown-choice"}


@pytest.mark.parametrize(
    "text",
    [
        "stream: {hold: sentence, max_exposed_chars: 200, debounce: 3, prefill: true}\n",
        "stream: {prefill: vllm, corrections: 3}\nservices: {corrector: {url: 'http://h/v1', model: m}}\n",
    ],
)
def test_what_can_be_followed_is_not_reported(text: str) -> None:
    assert not list(stream_block.check(source_of_text(f"version: 1\n{text}")))
