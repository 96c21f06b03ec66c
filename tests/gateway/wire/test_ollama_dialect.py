from __future__ import annotations

from headgate.gateway.wire.ollama_dialect import OLLAMA


def test_the_silence_of_a_stream_is_read_by_its_own_splitter_as_nothing_to_show() -> None:
    answer = OLLAMA.answer(0)
    found = [OLLAMA.read_event(data, answer) for data in OLLAMA.splitter().feed(OLLAMA.keep_alive)]
    assert all(not deltas for deltas in found)
    assert (answer.ended, answer.said) == (False, 0)


def test_upstream_is_asked_where_the_protocol_has_it() -> None:
    assert OLLAMA.path == "/api/chat"
