"""Who is translated into whom: a reader of requests and a writer of answers for each client's protocol, and the other
two for each upstream's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

import msgspec

from .neutral import Asked, Event, Manners, Tongue
from .read_answer import AnswerReader, Sight
from .read_chat_request import read_chat_request
from .read_messages_request import read_messages_request
from .read_ollama_request import read_ollama_request
from .read_responses_request import read_responses_request
from .see_chat import SEE_CHAT
from .see_messages import SEE_MESSAGES
from .see_ollama import SEE_OLLAMA
from .write_chat_answer import ChatAnswerWriter
from .write_chat_request import write_chat_request
from .write_messages_answer import MessagesAnswerWriter
from .write_messages_request import write_messages_request
from .write_ollama_answer import OllamaAnswerWriter
from .write_ollama_request import write_ollama_request
from .write_responses_answer import ResponsesAnswerWriter


class AnswerWriter(Protocol):
    """Writes one answer in a client's protocol."""

    def events(self, found: list[Event]) -> list[bytes]:
        """The data of each event of a stream."""
        ...

    def whole(self, found: list[Event]) -> bytes:
        """The body of an answer in one piece."""
        ...


class _Client(msgspec.Struct, frozen=True, kw_only=True):
    read: Callable[[Mapping[str, Any]], Asked]
    answer: Callable[[str], AnswerWriter]


class _Upstream(msgspec.Struct, frozen=True, kw_only=True):
    write: Callable[[Asked, Manners], dict[str, Any]]
    sight: Sight[Any]


_CLIENTS: Final[Mapping[str, _Client]] = {
    "chat": _Client(read=read_chat_request, answer=ChatAnswerWriter),
    "messages": _Client(read=read_messages_request, answer=MessagesAnswerWriter),
    "ollama": _Client(read=read_ollama_request, answer=OllamaAnswerWriter),
    "responses": _Client(read=read_responses_request, answer=ResponsesAnswerWriter),
}
_UPSTREAMS: Final[Mapping[Tongue, _Upstream]] = {
    "chat": _Upstream(write=write_chat_request, sight=SEE_CHAT),
    "messages": _Upstream(write=write_messages_request, sight=SEE_MESSAGES),
    "ollama": _Upstream(write=write_ollama_request, sight=SEE_OLLAMA),
}

CLIENTS: Final = frozenset(_CLIENTS)
"""The clients' protocols that can be translated."""


class Translation(msgspec.Struct, frozen=True, kw_only=True):
    """One pair: a client's protocol and the one that its upstream is spoken to in."""

    client: str
    upstream: Tongue

    @property
    def sight(self) -> Sight[Any]:
        """How upstream's answer is seen."""
        return _UPSTREAMS[self.upstream].sight

    def request(self, body: Mapping[str, Any], *, model: str, manners: Manners) -> dict[str, Any]:
        """The client's body as upstream's; InputError names what cannot be said there."""
        asked = _CLIENTS[self.client].read(body)
        return _UPSTREAMS[self.upstream].write(msgspec.structs.replace(asked, model=model), manners)

    def answer(self, identity: str) -> TranslatedAnswer:
        """A fresh answer to be translated back; `identity` names it where upstream does not."""
        return TranslatedAnswer(AnswerReader(self.sight), _CLIENTS[self.client].answer(identity))


class TranslatedAnswer:
    """One answer of upstream's on its way into the client's protocol."""

    def __init__(self, reader: AnswerReader[Any], writer: AnswerWriter) -> None:
        self._reader = reader
        self._writer = writer

    @property
    def over(self) -> bool:
        """Whether all of it has come."""
        return self._reader.over

    def whole(self, raw: bytes) -> bytes:
        """The body of an answer in one piece; raises UpstreamError where it is none."""
        return self._writer.whole(self._reader.whole(raw))

    def take(self, data: bytes) -> list[bytes]:
        """The client's events for one of upstream's."""
        return self._writer.events(self._reader.take(data))

    def finish(self) -> list[bytes]:
        """The client's last events, where upstream ended without its end mark."""
        return self._writer.events(self._reader.finish())
