from __future__ import annotations

from headgate.gateway.wire.anthropic_answer import CONTENT, Answer, Run
from headgate.gateway.wire.anthropic_usage import counts, usage_of


def test_rounds_are_added_and_what_was_not_told_is_estimated_and_marked() -> None:
    told = Answer(usage={"input_tokens": 10, "output_tokens": 5, "cache_creation": {"a": 1}}, counted=True)
    cut = Answer(usage={"input_tokens": 10, "output_tokens": 1}, asked=400, said=40, runs={CONTENT: [Run(0, "x")]})
    assert usage_of([told, told]) == {"input_tokens": 20, "output_tokens": 10, "cache_creation": {"a": 2}}
    assert usage_of([told, cut]) == {
        "input_tokens": 20,
        "output_tokens": 15,
        "cache_creation": {"a": 1},
        "estimated": True,
    }
    assert usage_of([]) is None


def test_nothing_but_counts_and_known_words_pass() -> None:
    usage = {"input_tokens": 1, "service_tier": "standard", "note": "some words", "speed": "two words", "x": None}
    assert counts(usage) == {"input_tokens": 1, "service_tier": "standard"}
