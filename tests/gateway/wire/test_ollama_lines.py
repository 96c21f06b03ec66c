from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.gateway.wire.ollama_lines import LineParser
from headgate.models.errors import UpstreamError

RAW = b'{"a": 1}\n\n{"b": "\xc3\xa9"}\r\n{"c": 3}'


@settings(deadline=None)
@given(st.lists(st.integers(0, len(RAW)), max_size=8))
def test_any_split_of_the_bytes_gives_the_same_lines(cuts: list[int]) -> None:
    parser, lines = LineParser(), []
    edges = [0, *sorted(cuts), len(RAW)]
    for start, end in zip(edges, edges[1:], strict=False):  # noqa: RUF007
        lines += parser.feed(RAW[start:end])
    assert [line.strip() for line in [*lines, *parser.finish()]] == [b'{"a": 1}', b'{"b": "\xc3\xa9"}', b'{"c": 3}']
    assert parser.finish() == []


@pytest.mark.parametrize("raw", [b"x" * 11, b"x" * 11 + b"\n"])
def test_a_line_without_end_is_an_error(raw: bytes) -> None:
    with pytest.raises(UpstreamError):
        LineParser(limit=10).feed(raw)
