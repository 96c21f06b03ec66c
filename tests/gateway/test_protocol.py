"""What a client may do on the wire: raw bytes over a real socket, against the real server."""

from __future__ import annotations

import asyncio
import json
import pickle
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from headgate.gateway.config import Settings
from headgate.gateway.protocol import LARGEST_HEAD, MOST_HEADERS, BoundedHttp, Joined, bounded_http

from ..upstream import Reply
from .conftest import Server, Start
from .wires import PATHS, in_envelope

BODY = b'{"model": "m", "messages": [{"role": "user", "content": "Hello"}]}'
HEAD = b"POST %s HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"


class Wire:
    """One connection."""

    def __init__(self, server: Server, *, buffer: int | None = None) -> None:
        host, port = server.url.removeprefix("http://").split(":")
        self.socket = socket.socket()
        self.socket.settimeout(20)
        if buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.connect((host, int(port)))

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def rest(self) -> bytes:
        """Everything until the server closes."""
        found = b""
        try:
            while piece := self.socket.recv(65536):
                found += piece
        except ConnectionResetError:
            pass
        return found

    def answer(self) -> tuple[int, bytes]:
        """One answer with a declared length."""
        found = b""
        while b"\r\n\r\n" not in found:
            piece = self.socket.recv(65536)
            assert piece, found
            found += piece
        head, _, body = found.partition(b"\r\n\r\n")
        size = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        while len(body) < size:
            body += self.socket.recv(65536)
        return int(head.split()[1]), body


@contextmanager
def wired(server: Server, *, buffer: int | None = None) -> Iterator[Wire]:
    wire = Wire(server, buffer=buffer)
    try:
        yield wire
    finally:
        wire.socket.close()


@pytest.fixture
def hasty(start: Start) -> Server:
    """A gateway that waits for nobody."""
    return start(head_timeout=0.05, body_timeout=0.05)


def whole(path: bytes = b"/v1/chat/completions", body: bytes = BODY, more: bytes = b"") -> bytes:
    return HEAD % path + more + b"content-length: %d\r\n\r\n%s" % (len(body), body)


def closed_with(said: bytes, status: int, path: str) -> None:
    head, _, body = said.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status), said
    assert b"connection: close" in head
    assert in_envelope(path, body)


class Written(asyncio.Transport):
    """Keeps what is written to it, write by write."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.writes.append(bytes(data))

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


async def test_a_head_leaves_in_one_write_with_what_follows_in_the_same_turn() -> None:
    written = Written()
    joined = Joined(written, asyncio.get_running_loop())
    joined.write(b"head,")
    joined.write(b"body,")
    joined.write(b"more")
    await asyncio.sleep(0)
    assert written.writes == [b"head,body,", b"more"]


async def test_a_head_that_nothing_follows_leaves_with_the_turn_or_the_connection() -> None:
    written, closed = Written(), Written()
    Joined(written, asyncio.get_running_loop()).write(b"head")
    joined = Joined(closed, asyncio.get_running_loop())
    joined.write(b"head")
    joined.close()
    await asyncio.sleep(0)
    assert (written.writes, written.closed) == ([b"head"], False)
    assert (closed.writes, closed.closed) == ([b"head"], True)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("sent", [b"POST %s HTTP/1.1\r\n", b"POST %s HTTP/1.1\r\nhost: x\r\nx-a: b", HEAD])
def test_a_head_that_does_not_end_is_a_408(hasty: Server, path: str, sent: bytes) -> None:
    with wired(hasty) as wire:
        wire.send(sent % path.encode())
        closed_with(wire.rest(), 408, path)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "sent",
    [b"content-length: 99\r\n\r\n", b"content-length: 99\r\n\r\n{", b"transfer-encoding: chunked\r\n\r\n1\r\n{\r\n"],
)
def test_a_body_that_does_not_end_is_a_408(hasty: Server, path: str, sent: bytes) -> None:
    with wired(hasty) as wire:
        wire.send(HEAD % path.encode() + sent)
        closed_with(wire.rest(), 408, path)
    assert hasty.upstream.bodies == []


def test_a_body_that_trickles_has_no_more_time_than_one_that_stands_still(hasty: Server) -> None:
    with wired(hasty) as wire:
        wire.send(HEAD % b"/v1/check" + b"content-length: 999999999\r\n\r\n")
        try:
            while True:
                wire.send(b"{")
        except OSError:
            pass


def test_a_connection_on_which_nothing_is_said_is_closed(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    server = start()
    monkeypatch.setattr("uvicorn.config.Config.timeout_keep_alive", 0.05, raising=False)
    with wired(server) as wire:
        wire.send(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n")
        assert wire.answer() == (200, b"ok")
        assert wire.rest() == b""


def test_what_is_in_time_is_served_again_and_again_on_one_connection(server: Server) -> None:
    with wired(server) as wire:
        for _ in range(3):
            wire.send(whole()[:20])
            wire.send(whole()[20:-5])
            wire.send(whole()[-5:])
            status, body = wire.answer()
            assert (status, json.loads(body)["choices"][0]["message"]["content"]) == (200, "Fine.")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("bomb", ["one long value", "many headers", "a long path", "a value that does not end"])
def test_a_head_over_the_bound_is_a_431(server: Server, path: str, bomb: str) -> None:
    said = {
        "one long value": HEAD % path.encode() + b"x-a: " + b"a" * LARGEST_HEAD + b"\r\n\r\n",
        "many headers": HEAD % path.encode() + b"x: y\r\n" * (MOST_HEADERS + 1) + b"\r\n",
        "a long path": HEAD % (path.encode() + b"?" + b"a" * LARGEST_HEAD) + b"\r\n",
        "a value that does not end": HEAD % path.encode() + b"x-a: " + b"a" * LARGEST_HEAD,
    }[bomb]
    with wired(server) as wire:
        wire.send(said)
        closed_with(wire.rest(), 431, path)


def test_a_head_without_end_takes_no_memory(server: Server) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with wired(server) as wire:
        wire.send(HEAD % b"/v1/check" + b"x-a: ")
        try:
            for _ in range(2000):
                wire.send(b"a" * 65536)
        except OSError:
            pass
        else:
            raise AssertionError("128 MiB of a header were taken")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32 * 1024


@pytest.mark.parametrize("trailer", [b"x-t: " + b"a" * 200_000, b"x-t: a\r\n" * 30_000])
def test_trailers_are_dropped_and_bounded(server: Server, trailer: bytes) -> None:
    chunked = HEAD % b"/v1/chat/completions" + b"transfer-encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n" % (
        len(BODY),
        BODY,
    )
    with wired(server) as wire:
        wire.send(chunked + b"authorization: Bearer other\r\n\r\n")
        assert wire.answer()[0] == 200
        assert "other" not in str(server.upstream.headers)
        wire.send(chunked)
        for at in range(0, len(trailer), 50_000):
            wire.send(trailer[at : at + 50_000])
        closed_with(wire.rest(), 400, "/v1/chat/completions")


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"POST /v1/check HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}",
        b"POST /v1/check HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/check HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        b"POST /v1/check HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999999999999999\r\n\r\n",
        b"POST /v1/check HTTP/1.1\r\nhost: x\r\nbad header: y\r\n\r\n",
        b"POST /v1/check HTTP/1.1\r\nhost: x\r\nx: a\x00b\r\n\r\n",
        b"POST /v1/check HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"CONNECT 127.0.0.1:22 HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET \xff\xfe HTTP/1.1\r\nhost: x\r\n\r\n",
    ],
)
def test_what_is_not_http_is_a_400_or_closed(server: Server, sent: bytes) -> None:
    with wired(server) as wire:
        wire.send(sent)
        wire.socket.shutdown(socket.SHUT_WR)
        said = wire.rest()
    head, _, body = said.partition(b"\r\n\r\n")
    assert head.split()[1] in (b"400", b"404", b"413"), said
    assert in_envelope("/", body)


def test_a_client_that_offers_http2_is_served_and_let_go(server: Server) -> None:
    with wired(server) as wire:
        said = whole(more=b"connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAA\r\n")
        for piece in (said[:-20], said[-20:]):
            wire.send(piece)
        answer = wire.rest()
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"Fine." in answer
    assert server.upstream.bodies == [json.loads(BODY)]
    assert not {"upgrade", "http2-settings"} & {name.lower() for name in server.upstream.headers[0]}


def test_an_early_answer_is_read_before_the_connection_ends(start: Start) -> None:
    server = start(max_body=2048, body_timeout=0.05)
    with wired(server) as wire:
        wire.send(HEAD % b"/v1/check" + b"content-length: 5000\r\n\r\n")
        status, body = wire.answer()
        assert status == 413
        assert in_envelope("/v1/check", body)
        # The rest never comes: the connection does not wait for it for ever.
        assert wire.rest() == b""


def test_the_rest_of_a_refused_body_is_dropped_and_the_connection_goes_on(start: Start) -> None:
    server = start(max_body=2048)
    with wired(server) as wire:
        wire.send(whole(b"/v1/check", b"x" * 200_000))
        assert wire.answer()[0] == 413
        wire.send(whole())
        assert wire.answer()[0] == 200


def test_nonsense_behind_a_request_ends_the_connection_after_its_answer(server: Server) -> None:
    server.upstream.script = Reply(fault="hang")
    with wired(server) as wire:
        wire.send(whole())
        assert server.upstream.started.wait(20)
        wire.send(b"\x00\x01\x02 nonsense\r\n\r\n")
        server.upstream.release.set()
        said = wire.rest()
    assert said.startswith(b"HTTP/1.1 200")
    assert said.count(b"HTTP/1.1") == 1


def test_a_reader_that_stands_still_is_dropped_and_upstream_let_go(start: Start) -> None:
    server = start("off", body_timeout=0.05)
    server.upstream.script = Reply(texts=["word " * 8_000_000], chunk=500_000)
    with wired(server, buffer=4096) as wire:
        body = BODY[:-1] + b', "stream": true}'
        wire.send(whole(body=body))
        assert server.upstream.left.wait(20)


def test_the_protocol_has_the_times_of_its_settings_and_reaches_worker_processes() -> None:
    made = bounded_http(Settings(upstream="http://x", head_timeout=3, body_timeout=7))
    sent = pickle.loads(pickle.dumps(made))
    most = sent.keywords.pop("connections").most
    assert (sent.func, sent.keywords, most) == (BoundedHttp, {"head_timeout": 3, "body_timeout": 7}, 10_000)


@pytest.mark.parametrize("path", PATHS)
def test_a_connection_over_the_bound_is_told_so_in_its_dialect(start: Start, path: str) -> None:
    server = start(max_connections=1)
    with wired(server) as first, wired(server) as other:
        first.send(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n")
        assert first.answer() == (200, b"ok")
        other.send(whole(path.encode(), b"x" * 100_000))
        said = other.rest()
        closed_with(said, 503, path)
        assert b"retry-after: 1" in said.partition(b"\r\n\r\n")[0]
        first.send(whole())
        assert first.answer()[0] == 200
    assert len(server.upstream.bodies) == 1


def test_probes_are_answered_over_the_bound_and_metrics_tell_of_it(start: Start) -> None:
    server = start(max_connections=1)
    with wired(server) as first:
        first.send(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n")
        assert first.answer() == (200, b"ok")
        for path in (b"/livez", b"/metrics"):
            with wired(server) as other:
                other.send(b"GET %s HTTP/1.1\r\nhost: x\r\n\r\n" % path)
                said = other.rest()
                assert said.startswith(b"HTTP/1.1 200")
                assert b"connection: close" in said
        lines = server.send("GET", "/metrics").lines
        # Those of other servers in this process are counted as well.
        (held,) = [float(line.split()[1]) for line in lines if line.startswith("headgate_connections ")]
        (refused,) = [line for line in lines if line.startswith("headgate_refused_connections_total ")]
        assert held >= 1
        assert float(refused.split()[1]) >= 2


def test_a_place_that_was_left_is_given_to_another(start: Start) -> None:
    server = start(max_connections=1)
    with wired(server) as first:
        first.send(whole())
        assert first.answer()[0] == 200
    deadline = time.monotonic() + 20
    while server.send("POST", "/v1/chat/completions", BODY).status != 200:
        assert time.monotonic() < deadline
