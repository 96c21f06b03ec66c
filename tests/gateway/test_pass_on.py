"""What `unjudged_routes` names goes through byte for byte, and is counted and recorded as unjudged."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec
import pytest

from .conftest import Start

SPEECH = "POST /v1/audio/speech"
FILES = ("GET /v1/files/*", "DELETE /v1/files/*", "POST /v1/files")


class Seen(msgspec.Struct):
    method: str
    path: str
    body: bytes
    key: str | None


class Echo:
    """A server that keeps what it is sent and answers with bytes that are no text."""

    def __init__(self) -> None:
        self.url = ""
        self.seen: list[Seen] = []


@contextmanager
def echoing(said: bytes = b"\xff\x00\xfe") -> Iterator[Echo]:
    echo = Echo()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            echo.seen.append(Seen(self.command, self.path, body, self.headers.get("authorization")))
            self.send_response(200)
            self.send_header("content-type", "audio/mpeg")
            self.send_header("content-length", str(len(said)))
            self.send_header("x-request-id", "up-1")
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_POST = do_DELETE = answer

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    echo.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield echo
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)


def test_the_official_client_gets_its_bytes_and_the_records_say_that_nobody_judged(start: Start) -> None:
    with echoing() as echo:
        server = start(url=echo.url, unjudged_routes=(SPEECH, *FILES))
        client = server.client()
        with client.audio.speech.with_streaming_response.create(model="tts", voice="alloy", input="BAD") as answer:
            assert answer.read() == b"\xff\x00\xfe"
            head = answer.headers
        assert (head["content-type"], head["x-request-id"]) == ("audio/mpeg", "up-1")
        assert (head["x-headgate-judged"], head["x-headgate-unjudged"]) == ("0", "2")
        client.files.content("file-1").read()
        client.files.with_raw_response.create(file=b"a BAD file", purpose="batch")
        told = [(one.method, one.path) for one in echo.seen]
        assert told == [
            ("POST", "/v1/audio/speech"),
            ("GET", "/v1/files/file-1/content"),
            ("POST", "/v1/files"),
        ]
        assert b"a BAD file" in echo.seen[2].body
        assert {one.key for one in echo.seen} == {"Bearer sk-test"}
        verdict = server.record()["verdict"]
        assert [one["reason"] for one in verdict["coverage"]["unjudged"]] == ["route", "route"]
        server.settle()
        lines = server.send("GET", "/metrics").lines
        assert 'headgate_unjudged_parts_total{reason="route"} 6.0' in lines
        assert server.classifier.judged == []


def test_where_the_guard_is_off_it_is_counted_as_all_else(start: Start) -> None:
    with echoing(b"a file") as echo:
        server = start("off", url=echo.url, unjudged_routes=("GET /v1/files/*",))
        found = server.send("GET", "/v1/files/a?limit=2")
        assert (found.status, found.lines, echo.seen[0].path) == (200, ["a file"], "/v1/files/a?limit=2")
        assert found.headers["x-headgate-verdict"] == "unjudged"


@pytest.mark.parametrize("path", ["/v1/files/a/../../admin", "/v1/files/%2e%2e/admin", "/v1/files/a%2f..%2f..%2fadmin"])
def test_a_path_that_climbs_out_is_refused(start: Start, path: str) -> None:
    with echoing() as echo:
        server = start(url=echo.url, unjudged_routes=FILES)
        assert server.send("GET", path).status in (400, 404)
        assert echo.seen == []


def test_only_what_is_named_is_passed(start: Start) -> None:
    with echoing() as echo:
        server = start(url=echo.url, unjudged_routes=("GET /v1/files/*",))
        found = server.send("DELETE", "/v1/files/a")
        assert (found.status, found.headers["allow"]) == (405, "GET")
        assert server.send("GET", "/v1/files").status == 404
        assert server.send("POST", "/v1/audio/speech", b"{}").status == 404
        assert echo.seen == []


def test_bounds_hold_and_an_upstream_that_is_not_there_is_a_502(start: Start) -> None:
    server = start(url="http://127.0.0.1:9/v1", unjudged_routes=(SPEECH,), max_body=2048)
    assert server.post(b"x" * 4096, "/v1/audio/speech").status == 413
    assert server.post(b"{}", "/v1/audio/speech").status == 502
