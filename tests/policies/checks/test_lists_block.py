from __future__ import annotations

from collections.abc import Callable

import pytest

from headgate.policies.checks import lists_block
from headgate.policies.diagnostics import Diagnostic
from headgate.policies.load import source_of_text


def test_lists_that_find_nothing_are_reported(golden: Callable[[str], list[Diagnostic]]) -> None:
    assert {fault.code for fault in golden("lists_block")} == {
        "empty-list",
        "bad-word",
        "unknown-category",
        "bad-file",
        "misplaced-action",
        "out-of-range",
    }


def test_words_of_any_script_make_a_list() -> None:
    text = """version: 1
lists: {a: {words: ["тест", "検査"], action: flag}}
"""
    assert not list(lists_block.check(source_of_text(text)))


@pytest.mark.parametrize("block", ["custom: {betting: {}}", "lists: {rivals: {}}"])
def test_a_line_that_says_nothing_at_all_is_reported_and_one_that_is_taken_away_is_not(block: str) -> None:
    def codes(text: str) -> list[str]:
        return [fault.code for fault in lists_block.check(source_of_text(f"version: 1\n{text}\n"))]

    assert codes(block) == ["empty-list"]
    assert codes(block.replace("{}", "null")) == []
