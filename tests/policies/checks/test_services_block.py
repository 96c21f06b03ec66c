from __future__ import annotations

from collections.abc import Callable

import pytest

from headgate.policies.checks import services_block
from headgate.policies.diagnostics import Diagnostic
from headgate.policies.load import source_of_text


def test_helpers_that_could_not_be_asked_are_reported(golden: Callable[[str], list[Diagnostic]]) -> None:
    assert {fault.code for fault in golden("services_block")} == {
        "bad-service", "missing-key", "out-of-range", "unknown-key", "unknown-choice", "unused",
    }  # fmt: skip


def test_the_message_about_a_key_in_place_of_its_variable_does_not_repeat_it() -> None:
    text = "version: 1\nservices: {corrector: {url: 'http://h/v1', model: m, key_env: 'sk-very-secret'}}\n"
    (fault,) = services_block.check(source_of_text(text))
    assert "secret" not in fault.message + fault.hint


@pytest.mark.parametrize("url", ["http://localhost:8000/v1", "https://example.org", "http://[::1]:1/v1/"])
def test_addresses_of_servers_are_accepted(url: str) -> None:
    text = f"version: 1\nservices: {{rewriter: {{url: '{url}', model: m, key_env: A_KEY, api: completions}}}}\n"
    assert not list(services_block.check(source_of_text(text)))
