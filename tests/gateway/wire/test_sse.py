from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.gateway.wire.sse import SseParser, comment, event
from headgate.models.errors import UpstreamError

LINES = st.lists(
    st.one_of(
        st.binary(max_size=12).filter(lambda b: b"\n" not in b and b"\r" not in b).map(lambda b: b"data: " + b),
        st.sampled_from([b"", b"", b": comment", b"event: x", b"data", b"data:", b"id: 1", b"retry: 5", b"datax: y"]),
    ),
    max_size=20,
)
ENDS = st.sampled_from([b"\n", b"\r", b"\r\n"])


def parse(chunks: list[bytes]) -> list[bytes]:
    parser = SseParser()
    return [data for chunk in chunks for data in parser.feed(chunk)] + parser.finish()


def cut(data: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    return [data[start:end] for start, end in itertools.pairwise(ends)]


@given(LINES, st.lists(ENDS, min_size=20, max_size=20), st.lists(st.integers(0, 10_000), max_size=30), st.booleans())
def test_any_chunking_of_the_same_bytes_gives_the_same_events(
    lines: list[bytes], ends: list[bytes], places: list[int], bom: bool
) -> None:
    data = (b"\xef\xbb\xbf" if bom else b"") + b"".join(line + end for line, end in zip(lines, ends, strict=False))
    expected = parse([data])
    assert parse(cut(data, places)) == expected
    assert parse([bytes([byte]) for byte in data]) == expected


@given(st.lists(st.text(min_size=1, max_size=20).map(str.encode), max_size=8), st.lists(st.integers(0, 999)))
def test_what_is_written_is_read_back(datas: list[bytes], places: list[int]) -> None:
    stream = b"".join(comment(b"note") + event(data) for data in datas)
    assert parse(cut(stream, places)) == [b"\n".join((data + b"\n").splitlines()) for data in datas]


def test_events_are_read_as_the_standard_says() -> None:
    assert parse([b"\xef\xbb\xbfdata: a\r\ndata:b\r\n\r\n: no\r\n\r\nevent: x\ndata:  c\n\n"]) == [b"a\nb", b" c"]


def test_a_character_split_over_chunks_arrives_whole() -> None:
    data = "data: é漢\n\n".encode()
    assert parse([data[:7], data[7:9], data[9:]]) == ["é漢".encode()]


def test_bytes_that_are_no_utf8_are_passed_on_for_the_reader_to_refuse() -> None:
    assert parse([b"data: \xff\xfe\n\n"]) == [b"\xff\xfe"]


def test_the_last_event_counts_without_its_blank_line() -> None:
    assert parse([b"data: a\n\ndata: [DONE]"]) == [b"a", b"[DONE]"]


def test_an_event_without_end_is_refused_before_it_fills_the_memory() -> None:
    parser = SseParser(limit=100)
    parser.feed(b"data: " + b"x" * 80)
    with pytest.raises(UpstreamError, match="more than 100 bytes"):
        parser.feed(b"x" * 80)
    parser = SseParser(limit=100)
    for _ in range(50):
        assert parser.feed(b"data: x\n\n") == [b"x"]


def test_a_comment_stays_one_line() -> None:
    assert comment(b"a\r\nb\nc") == b": a b c\n\n"
