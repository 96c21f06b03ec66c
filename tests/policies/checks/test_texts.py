from __future__ import annotations

from collections.abc import Callable

from headgate.policies.checks import texts
from headgate.policies.diagnostics import Diagnostic
from headgate.policies.load import source_of_text


def test_names_and_texts_that_cannot_be_shown_are_reported(golden: Callable[[str], list[Diagnostic]]) -> None:
    assert {fault.code for fault in golden("texts")} == {"bad-language", "bad-name", "bad-text"}


def test_texts_of_any_language_are_accepted() -> None:
    text = """version: 1
name: team-a.2
block: {message: "Das geht leider nicht.", support: {ja: "お話を聞かせてください。", "*": "Tell us."}}
guidelines: {drugs: [{text: "Health comes first.", when: [dosage], severity: moderate}]}
"""
    assert not list(texts.check(source_of_text(text)))
