from __future__ import annotations

from collections.abc import Callable

import pytest

from headgate.policies.checks import regenerate_block
from headgate.policies.diagnostics import Diagnostic
from headgate.policies.load import source_of_text


def codes(text: str) -> list[str]:
    return [fault.code for fault in regenerate_block.check(source_of_text(f"version: 1\n{text}"))]


def test_numbers_that_no_loop_can_follow_are_reported(golden: Callable[[str], list[Diagnostic]]) -> None:
    assert {fault.code for fault in golden("regenerate_block")} == {"out-of-range", "unused"}


def test_chains_without_their_helpers_and_money_without_a_price_are_reported(
    golden: Callable[[str], list[Diagnostic]],
) -> None:
    assert {fault.code for fault in golden("regenerate_chain")} == {"out-of-range", "unused", "no-service", "no-price"}


@pytest.mark.parametrize(
    "text",
    [
        "regenerate: {rounds: 20, strategy: best_of_n, n: 4, budget: {seconds: null, tokens: null}}\n",
        "regenerate: {strategy: [guideline, best_of_n], n: 4, parallel: 2, rounds_when: {flag: 4, guideline: null}}\n",
        "regenerate: {budget: {money: 0.05, price: {input: 1, output: 3.5}}}\n",
        "regenerate: {strategy: [corrector]}\nservices: {corrector: {url: 'http://h/v1', model: m}}\n",
        "regenerate: {strategy: rewrite_prompt}\nservices: {rewriter: {url: 'http://h/v1', model: m}}\n",
    ],
)
def test_what_can_be_followed_is_not_reported(text: str) -> None:
    assert codes(text) == []


def test_an_empty_chain_is_reported() -> None:
    assert codes("regenerate: {strategy: []}\n") == ["no-strategy"]
