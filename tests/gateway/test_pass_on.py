"""What `unjudged_routes` names goes through byte for byte, and is counted and recorded as unjudged."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest

from headgate.gateway.upstream_settings import RouteSettings, UpstreamSettings
from headgate.guard.keys import create_key

from .conftest import Server, Start

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
        self.asked = threading.Semaphore(0)
        self.go_on = threading.Event()


@contextmanager
def echoing(
    said: bytes = b"\xff\x00\xfe", *, waits: str = "", lacks: int = 0, kind: str = "audio/mpeg"
) -> Iterator[Echo]:
    """An upstream that `waits` before its `head` or its `body` until it may go on; `lacks`: bytes it never sends."""
    echo = Echo()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            echo.seen.append(Seen(self.command, self.path, body, self.headers.get("authorization")))
            self.wait("head")
            self.send_response(200)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(said) + lacks))
            self.send_header("x-request-id", "up-1")
            self.end_headers()
            self.wfile.flush()
            self.wait("body")
            self.wfile.write(said)
            self.close_connection = True

        def wait(self, where: str) -> None:
            if waits == where:
                echo.asked.release()
                echo.go_on.wait(30)

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
        echo.go_on.set()
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


def sent(server: Server, body: bytes = b"a BAD text", path: str = "/v1/audio/speech") -> socket.socket:
    """A connection with a request on its way."""
    host, port = server.url.removeprefix("http://").split(":")
    found = socket.create_connection((host, int(port)), timeout=10)
    found.sendall(f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body)
    return found


def counted(server: Server, reason: str = "route") -> float:
    server.settle()
    name = f'headgate_unjudged_parts_total{{reason="{reason}"}} '
    found = [line for line in server.send("GET", "/metrics").lines if line.startswith(name)]
    return sum(float(line.removeprefix(name)) for line in found)


def told(record: dict[str, Any]) -> tuple[str, list[str], list[int]]:
    """How it ended, what nobody judged, and the bytes of it."""
    missed = [one["part"] for one in record["verdict"]["coverage"]["unjudged"]]
    return record["delivery"], missed, [one["length"] for one in record["parts"]]


def test_what_upstream_was_sent_is_counted_and_recorded_where_the_client_goes(start: Start) -> None:
    with echoing(waits="head") as echo:
        server = start(url=echo.url, unjudged_routes=(SPEECH,))
        client = sent(server)
        assert echo.asked.acquire(timeout=10)
        client.close()
        assert told(server.record()) == ("client_gone", ["request"], [10])
        assert counted(server) == 1


def test_a_client_that_goes_in_the_middle_of_its_answer_has_not_got_it(start: Start) -> None:
    with echoing(waits="body") as echo:
        server = start(url=echo.url, unjudged_routes=(SPEECH,))
        client = sent(server)
        assert client.recv(12) == b"HTTP/1.1 200"
        client.close()
        assert told(server.record()) == ("client_gone", ["request", "response"], [10, 0])
        assert counted(server) == 2


def test_an_answer_that_breaks_off_is_cut(start: Start) -> None:
    with echoing(lacks=5) as echo:
        server = start(url=echo.url, unjudged_routes=(SPEECH,))
        client = sent(server)
        while client.recv(65536):
            pass
        client.close()
        assert told(server.record()) == ("cut", ["request", "response"], [10, 0])
        assert counted(server) == 2
        assert (
            'headgate_requests_total{result="upstream_error",shape="passed"} 1.0'
            in server.send("GET", "/metrics").lines
        )


def test_an_upstream_that_says_nothing_was_sent_it_all_the_same(start: Start) -> None:
    with echoing(waits="head") as echo:
        server = start(url=echo.url, unjudged_routes=(SPEECH,), read_timeout=0.05)
        assert server.post(b"a BAD text", "/v1/audio/speech").status == 504
        assert told(server.record()) == ("withheld", ["request"], [10])
        assert counted(server) == 1


def test_where_the_guard_is_off_such_ends_are_counted_too(start: Start) -> None:
    with echoing(waits="head") as echo:
        server = start("off", url=echo.url, unjudged_routes=(SPEECH,), read_timeout=0.2)
        assert server.post(b"text", "/v1/audio/speech").status == 504
        assert echo.asked.acquire(timeout=10)
        client = sent(server)
        assert echo.asked.acquire(timeout=10)
        client.close()
        assert counted(server, "off") == 2


@pytest.mark.parametrize(
    ("path", "read"),
    [
        ("/v1/audio/speech", lambda said: (said["error"]["type"], said["error"]["code"])),
        ("/v1/messages/batches", lambda said: (said["type"], said["error"]["type"])),
        ("/api/generate", lambda said: tuple(said)),
    ],
)
def test_a_fault_has_its_own_type_and_code_in_the_paths_dialect(
    start: Start, path: str, read: Callable[[Any], Any]
) -> None:
    server = start(url="http://127.0.0.1:9/v1", unjudged_routes=(f"POST {path}",), max_body=2048)
    wanted = {
        "/v1/audio/speech": [
            (502, ("upstream_error", "upstream_error")),
            (413, ("invalid_request_error", "request_too_large")),
            (415, ("invalid_request_error", "unsupported_encoding")),
        ],
        "/v1/messages/batches": [
            (502, ("error", "api_error")),
            (413, ("error", "request_too_large")),
            (415, ("error", "invalid_request_error")),
        ],
        "/api/generate": [(502, ("error",)), (413, ("error",)), (415, ("error",))],
    }
    found = [
        server.post(b"{}", path),
        server.post(b"x" * 4096, path),
        server.post(b"{}", path, content_encoding="gzip"),
    ]
    assert [(raw.status, read(json.loads(raw.lines[0]))) for raw in found] == wanted[path]
    assert found[2].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("path", ["/v1/files/a/..;/..;/admin", "/v1/files/a/..;x=1/admin", "/v1/files/a/;/admin"])
def test_a_path_that_climbs_out_behind_a_semicolon_is_refused(start: Start, path: str) -> None:
    with echoing(b"ok") as echo:
        server = start(url=echo.url, unjudged_routes=FILES)
        assert server.send("GET", path).status == 400
        assert echo.seen == []
        assert server.send("GET", "/v1/files/a;v=1").status == 200


def test_a_path_of_its_own_does_not_take_the_others_methods_away(start: Start) -> None:
    lines = ("GET /v1/files/*", "POST /v1/files/batch", "DELETE /v1/files/batch/old/*", "GET /v1/files/batch/old/*")
    with echoing(b"ok") as echo:
        server = start(url=echo.url, unjudged_routes=lines)
        asked = [
            ("GET", "/v1/files/batch"),
            ("POST", "/v1/files/batch"),
            ("GET", "/v1/files/batch/new"),
            ("GET", "/v1/files/batch/old"),
            ("DELETE", "/v1/files/batch/old/1"),
            ("GET", "/v1/files/batch/old/1/2"),
        ]
        assert [server.send(method, path, b"").status for method, path in asked] == [200] * len(asked)
        assert [(one.method, one.path) for one in echo.seen] == asked
        refused = [server.send(method, "/v1/files/batch/new") for method in ("POST", "DELETE", "PATCH")]
        assert [raw.status for raw in refused] == [405] * 3
        assert refused[0].headers["allow"] == "GET"
        assert json.loads(refused[0].lines[0])["error"]["code"] == "unknown_url"
        assert server.send("POST", "/v1/files/batch/old/1", b"").headers["allow"] == "DELETE, GET"
        assert len(echo.seen) == len(asked)


def test_each_path_goes_to_the_upstream_of_the_route_that_names_most_of_it(start: Start) -> None:
    with echoing(b"ok") as wide, echoing(b"ok") as narrow:
        named = {"wide": UpstreamSettings(url=wide.url), "narrow": UpstreamSettings(url=narrow.url)}
        lines = ("GET /v1/files/* wide", "GET /v1/files/batch/* narrow")
        server = start(
            url="", upstreams=named, routes=(RouteSettings(model="*", upstream="wide"),), unjudged_routes=lines
        )
        for path in ("/v1/files/a", "/v1/files/batch/a", "/v1/files/batch"):
            assert server.send("GET", path).status == 200
        assert [one.path for one in wide.seen] == ["/v1/files/a", "/v1/files/batch"]
        assert [one.path for one in narrow.seen] == ["/v1/files/batch/a"]


def test_keys_hold_there_and_stay_here(start: Start, tmp_path: Path) -> None:
    made = create_key(tmp_path / "keys.yaml", tenant="acme")
    with echoing(b"ok") as echo:
        server = start(url=echo.url, unjudged_routes=(SPEECH,), keys=str(tmp_path / "keys.yaml"))
        refused = [
            server.post(b"{}", "/v1/audio/speech", **head) for head in ({}, {"authorization": "Bearer hg_wrong"})
        ]
        assert [raw.status for raw in refused] == [401, 401]
        assert echo.seen == []
        bare = server.post(b"{}", "/v1/audio/speech", authorization=f"Bearer {made.secret}")
        both = server.post(b"{}", "/v1/audio/speech", authorization="Bearer sk-theirs", x_headgate_key=made.secret)
        assert [bare.status, both.status] == [200, 200]
        assert [one.key for one in echo.seen] == [None, "Bearer sk-theirs"]
        assert server.record()["tenant"] == "acme"


def test_limits_of_requests_hold_there(start: Start, tmp_path: Path) -> None:
    made = create_key(tmp_path / "keys.yaml", tenant="acme", limits=["requests=2/h"])
    with echoing(b"ok") as echo:
        server = start(url=echo.url, unjudged_routes=(SPEECH,), keys=str(tmp_path / "keys.yaml"))
        key = {"authorization": f"Bearer {made.secret}"}
        found = [server.post(b"{}", "/v1/audio/speech", **key) for _ in range(3)]
        assert [raw.status for raw in found] == [200, 200, 429]
        assert [raw.headers["x-ratelimit-remaining-requests"] for raw in found[:2]] == ["1", "0"]
        assert json.loads(found[2].lines[0])["error"]["code"] == "rate_limit_exceeded"
        assert len(echo.seen) == 2


def test_tokens_that_upstream_tells_count_and_a_reserve_stays_where_it_does_not(start: Start) -> None:
    spoken = json.dumps({"input": "x" * 160}).encode()
    left = []
    for said, kind in ((b'{"usage": {"prompt_tokens": 7}}', "application/json"), (b"ok", "audio/mpeg")):
        with echoing(said, kind=kind) as echo:
            server = start(url=echo.url, unjudged_routes=(SPEECH,), limits=("tokens=100/h",))
            for _ in range(2):
                raw = server.post(spoken, "/v1/audio/speech")
                server.settle()
                left.append(int(raw.headers["x-ratelimit-remaining-tokens"]))
    # Estimated at 40 a request, of which upstream's 7 are what counts where it says so.
    assert left == [60, 53, 60, 20]
