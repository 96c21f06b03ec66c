"""The data of a client's events as bytes of its stream, for what passes without being judged."""

from __future__ import annotations

import msgspec

from ..wire.sse import event


class _Typed(msgspec.Struct):
    type: str = ""


_typed = msgspec.json.Decoder(_Typed)


def framed(client: str, data: bytes) -> bytes:
    """One event: a line of Ollama's, a nameless event of chat completions, or one with the name that it says itself."""
    match client:
        case "ollama":
            return data + b"\n"
        case "chat":
            return event(data)
    return b"event: " + _typed.decode(data).type.encode() + b"\n" + event(data)
