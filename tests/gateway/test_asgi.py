from __future__ import annotations

from typing import Any

import pytest

from headgate.gateway.asgi import ClientGone, TooLarge, answer, gone, read_body


def receive_of(*messages: dict[str, Any]) -> Any:
    waiting = list(messages)

    async def receive() -> dict[str, Any]:
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    return receive


def chunk(body: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


async def test_a_body_is_joined_from_its_pieces() -> None:
    assert await read_body({"headers": []}, receive_of(chunk(b"ab")), limit=2) == b"ab"
    pieces = receive_of(chunk(b"a", more=True), chunk(b"", more=True), chunk(b"b"))
    assert await read_body({"headers": []}, pieces, limit=2) == b"ab"


async def test_a_body_is_bounded_by_its_head_and_by_its_bytes() -> None:
    with pytest.raises(TooLarge):
        await read_body({"headers": [(b"content-length", b"3")]}, receive_of(), limit=2)
    for pieces in ([chunk(b"abc")], [chunk(b"a", more=True), chunk(b"bc", more=True)]):
        with pytest.raises(TooLarge):
            await read_body({"headers": []}, receive_of(*pieces), limit=2)


async def test_a_body_that_never_comes_whole_is_nobodys() -> None:
    for pieces in ([], [chunk(b"a", more=True)]):
        with pytest.raises(ClientGone):
            await read_body({"headers": []}, receive_of(*pieces), limit=9)


async def test_gone_waits_for_the_disconnect_alone() -> None:
    await gone(receive_of(chunk(b"a"), chunk(b"b")))


async def test_an_answer_knows_its_length() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await answer(send, 418, b"short")
    assert sent[0]["status"] == 418
    assert (b"content-length", b"5") in sent[0]["headers"]
    assert sent[1]["body"] == b"short"
