"""What the gateway must know of a protocol to guard it: plain functions, one set of them for each dialect.

A dialect reads a request into parts, writes the body of each round for upstream, reads upstream's answer into the
loop's events, and writes what the caller gets. It keeps no state: what belongs to one exchange stands in its request,
its answers and its frames.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Generic, Literal, Protocol, TypeAlias, TypeVar

import msgspec

from ...guard.effects import Delta, Finish, Generate
from ...guard.effects import Release as Released
from ...models.content import Part
from ...models.errors import HeadgateError
from ...policies.compiled import CompiledPolicy
from ...policies.schema import Prefill
from ..errors import Failure
from ..providers import Api

Usage: TypeAlias = dict[str, Any]
KeyHeader: TypeAlias = Literal["authorization", "x-api-key"]


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A request that can be judged and sent on: the decoded body, every part of it, and how it wants its answer.

    `note` is what the policy puts ahead of a conversation. It stays beside the body until that is written for upstream:
    one message more in front, and the paths of the parts would lead to their neighbours.
    """

    body: dict[str, Any]
    parts: tuple[Part, ...]
    stream: bool
    n: int = 1
    note: str | None = None


class Answer(Protocol):
    """One round's answer as far as it has come."""

    @property
    def tokens(self) -> int | None:
        """What upstream says the answer took to make."""
        ...

    @property
    def prompt_tokens(self) -> int | None:
        """What upstream says the request was."""
        ...

    @property
    def over(self) -> bool:
        """Whether upstream has said that nothing more comes."""
        ...

    @property
    def ended(self) -> bool:
        """Whether the answer is complete, so that the end of the connection is its end."""
        ...


R = TypeVar("R", bound=Request)
A = TypeVar("A", bound=Answer)
R_contra = TypeVar("R_contra", contravariant=True)
A_contra = TypeVar("A_contra", contravariant=True)


class Splitter(Protocol):
    """Joins bytes, in any chunking, to whole events."""

    def feed(self, chunk: bytes) -> list[bytes]:
        """The data of each event that `chunk` completes, in order."""
        ...

    def finish(self) -> list[bytes]:
        """The data of an event that the stream ended in."""
        ...


class BodyWriter(Protocol[R_contra]):
    """Writes one round's body for upstream: guided, redacted, and continuing a prefix where one is given."""

    def __call__(self, request: R_contra, generate: Generate, /, *, stream: bool, prefill: Prefill | None) -> bytes:
        """The JSON."""
        ...


class Frames(Protocol[A_contra]):
    """Writes one stream to the caller; frames may be empty where nothing is to be shown yet."""

    def release(self, release: Released, answer: A_contra) -> bytes:
        """A text of this answer that may be shown."""
        ...

    def finish(self, finish: Finish, answer: A_contra | None, usage: Usage | None) -> bytes:
        """Everything after the last text; `answer` is the delivered one, or the newest where none is."""
        ...

    def error(self, found: Failure) -> bytes:
        """An error inside a stream that has begun: clients raise it."""
        ...


class Outcome(msgspec.Struct, Generic[R, A], frozen=True, kw_only=True):
    """How an exchange ended, for an answer in one piece; `answer` is the delivered one, or the newest."""

    finish: Finish
    request: R
    answer: A | None
    usage: Usage | None
    identity: str


class Dialect(msgspec.Struct, Generic[R, A], frozen=True, kw_only=True):
    """One protocol. `path` is where it is usually served, under `/v1` or at the root.

    `read` takes up an answer in one piece, `read_event` one event of a stream; both raise UpstreamError where there is
    no answer in it. `usage` is that of all rounds together. `keep_alive` is sent while a stream is silent.
    `continues`: upstream can go on from the start of an answer, where the policy says how.
    """

    name: Api
    path: str
    continues: bool = True
    key_header: KeyHeader = "authorization"
    content_type: bytes = b"text/event-stream; charset=utf-8"
    streams_as: str = "text/event-stream"
    keep_alive: bytes
    parse: Callable[[bytes], R]
    clamped: Callable[[R, CompiledPolicy], R]
    body: BodyWriter[R]
    answer: Callable[[int], A]
    splitter: Callable[[], Splitter]
    read: Callable[[bytes, A], list[Delta]]
    read_event: Callable[[bytes, A], list[Delta]]
    usage: Callable[[Iterable[A]], Usage | None]
    frames: Callable[[R, str], Frames[A]]
    whole: Callable[[Outcome[R, A]], bytes]
    blocked: Callable[[Finish], Failure]
    failure: Callable[[HeadgateError | None], Failure]
