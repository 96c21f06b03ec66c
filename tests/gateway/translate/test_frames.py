from __future__ import annotations

import pytest

from headgate.gateway.translate.frames import framed
from headgate.gateway.wire.sse import SseParser


@pytest.mark.parametrize("client", ["chat", "messages", "responses"])
def test_events_are_read_as_they_were_framed(client: str) -> None:
    data = b'{"type":"message_stop"}'
    frame = framed(client, data)
    assert SseParser().feed(frame) == [data]
    assert frame.startswith(b"event: message_stop\n") is (client != "chat")


def test_a_line_of_ollamas_is_a_line() -> None:
    assert framed("ollama", b"{}") == b"{}\n"
