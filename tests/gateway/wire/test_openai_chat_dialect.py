from __future__ import annotations

from headgate.gateway.wire.openai_chat_dialect import CHAT


def test_the_silence_of_a_stream_is_read_by_its_own_splitter_as_nothing_to_show() -> None:
    answer = CHAT.answer(0)
    found = [CHAT.read_event(data, answer) for data in CHAT.splitter().feed(CHAT.keep_alive)]
    assert all(not deltas for deltas in found)
    assert (answer.ended, answer.said) == (False, 0)


def test_upstream_is_asked_where_the_protocol_has_it() -> None:
    assert CHAT.path == "/chat/completions"
