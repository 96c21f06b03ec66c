from __future__ import annotations

import numpy as np

from headgate.export.embedded import Embedded
from headgate.export.source import Asked
from headgate.models.registry import embedded


def test_decisions_are_the_policys_on_each_row_and_flip_with_the_logits() -> None:
    source = Embedded.open(embedded(), Asked(rows=6))
    original = source.original()
    before = source.judge(original)
    assert len(before.decisions) >= 6
    assert len(before.logits) >= len(before.decisions)
    assert before.logits.shape[1] == len(source.subject.heads)
    assert np.array_equal(source.judge(original).logits, before.logits)
    loud = source.judge(lambda feeds: original(feeds) + 50)
    assert "allow" in before.decisions
    assert "allow" not in loud.decisions


def test_feeds_are_the_windows_that_are_judged() -> None:
    source = Embedded.open(embedded(), Asked(rows=2))
    feeds = source.feeds()
    longest = max(batch["input_ids"].shape[1] for batch in feeds)
    assert 0 < longest <= source.subject.max_tokens
    assert all({*batch} == {axes.name for axes in source.subject.inputs} for batch in feeds)


def test_the_shipped_graph_is_handed_over_in_its_own_precision_alone() -> None:
    source = Embedded.open(embedded(), Asked(rows=1))
    assert source.shipped("int8") == embedded() / "model.onnx"
    assert source.shipped("fp16") is None
    assert source.tolerance("fp32").logits > 0.1
