from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from headgate.export.embedded import ROUNDED, Embedded
from headgate.export.job import Request, export
from headgate.export.source import Asked
from headgate.export.spec import Precision
from headgate.models.exported import read
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


@pytest.mark.parametrize("precision", ["fp32", "fp16", "bf16"])
def test_every_float_precision_is_written_and_within_what_the_manifest_allows(
    precision: Precision, tmp_path: Path
) -> None:
    made = export(Request(model="text", to="onnx", out=tmp_path / "out", precision=precision, asked=Asked(rows=4)))
    assert 0 < made.parity.worst <= made.tolerance.logits == ROUNDED[precision].logits
    assert made.parity.rows >= 4
    assert read(tmp_path / "out").export.tolerance == made.tolerance


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
