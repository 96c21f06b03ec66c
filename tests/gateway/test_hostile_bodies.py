"""What a hostile caller may send as a body: a 4xx in the dialect, or a judgement; never a fault, a fetch or a leak."""

from __future__ import annotations

import base64
import gzip
import json
import logging
import resource
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from headgate.models.fakes import FakeClassifier

from ..upstream import Reply, Upstream
from .conftest import POLICY, RULES, Raw, Server, Start
from .wires import JUDGING, PATHS, ROUTES, Route, in_envelope

SECRET = "zyzzyva"
"""Stands in every body here, and may stand in no line of the log."""
STRICT = POLICY + "on_unjudged: {image: refuse}\n"
BOMB = gzip.compress(b'{"a":"' + b"a" * 30_000_000 + b'"}')
MALFORMED = {
    "nothing": b"",
    "a NUL": b"\0",
    "not UTF-8": b'{"zyzzyva": "\xff\xfe"}',
    "UTF-16": '{"zyzzyva": 1}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"zyzzyva": 1}',
    "half an object": b'{"zyzzyva": ',
    "two objects": b'{"zyzzyva": 1} {"zyzzyva": 1}',
    "a text": b'"zyzzyva"',
    "null": b"null",
    "a number": b"1" * 5000,
    "a list of nothing": b"[]",
    "a list of lists": b"[[[[]]]]",
    "only brackets": b"[" * 200_000,
    "only braces": b'{"zyzzyva":' * 200_000,
    "a form": b"zyzzyva=1&b=2",
}
FIELDS = {
    "NaN": b"NaN",
    "infinity": b"-Infinity",
    "a number out of range": b"1e999",
    "an integer of 5000 digits": b"9" * 5000,
    "a NUL as it is": b'"zyzzyva\x00"',
    "a lone surrogate": b'"zyzzyva\\ud800"',
    "a surrogate in UTF-8": b'"zyzzyva\xed\xa0\x80"',
    "an overlong slash": b'"zyzzyva\xc0\xaf"',
    "a hundred levels": b"[" * 100 + b"]" * 100,
    "a key twice": b'{"zyzzyva": 1, "zyzzyva": 2}',
    "a key twice, once escaped": b'{"zyzzyva": 1, "\\u007ayzzyva": 2}',
    "single quotes": b"'zyzzyva'",
    "a comment": b"1 /* zyzzyva */",
    "a trailing comma": b"[1,]",
}


@pytest.fixture
def told() -> Iterator[list[str]]:
    """Everything that is logged, at any level, by us and by the libraries below."""
    lines: list[str] = []

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(f"{record.getMessage()} {record.exc_info} {record.__dict__.get('fields')}")

    handler = Lines()
    loggers = [logging.getLogger(name) for name in ("headgate", "uvicorn", "litestar", "aiohttp", "asyncio")]
    before = logging.getLogger("headgate").level
    logging.getLogger("headgate").setLevel(logging.DEBUG)
    for logger in loggers:
        logger.addHandler(handler)
    yield lines
    for logger in loggers:
        logger.removeHandler(handler)
    logging.getLogger("headgate").setLevel(before)


def reader() -> FakeClassifier:
    """A classifier that reads texts alone."""
    return FakeClassifier(RULES, kinds=frozenset({"text"}))


def refused(raw: Raw, path: str, *statuses: int) -> None:
    assert raw.status in (statuses or (400,)), raw
    body = "\n".join(raw.lines).encode()
    assert in_envelope(path, body), body
    assert len(body) < 4096


def with_field(route: Route, value: bytes) -> bytes:
    """A good body with one field more."""
    return json.dumps(route.body(SECRET)).encode()[:-1] + b', "further": ' + value + b"}"


@pytest.mark.parametrize("path", PATHS)
def test_what_is_no_request_is_a_400_in_the_dialect(server: Server, told: list[str], path: str) -> None:
    for name, raw in MALFORMED.items():
        found = server.post(raw, path)
        assert found.status == 400, (name, found)
        refused(found, path)
    assert SECRET not in "".join(told)
    assert server.upstream.bodies == []


@pytest.mark.parametrize("route", ROUTES, ids=PATHS)
def test_what_json_does_not_allow_or_two_readers_read_differently_is_a_400(
    server: Server, told: list[str], route: Route
) -> None:
    for name, value in FIELDS.items():
        found = server.post(with_field(route, value), route.path)
        assert found.status == 400, (name, found)
        refused(found, route.path)
    assert SECRET not in "".join(told)
    assert server.upstream.bodies == []


@pytest.mark.parametrize("route", ROUTES, ids=PATHS)
def test_a_field_of_another_type_is_a_400_and_never_a_fault(server: Server, told: list[str], route: Route) -> None:
    """Every field of a good body in turn, with values that its reader does not expect."""
    good = route.body(SECRET)
    values: list[Any] = [None, True, -1, 10**30, 1.5, "", SECRET * 999, [], [[]], [None], {}, {"": {}}, [{"type": []}]]
    fields = [*good, "messages", "tools", "system", "stream", "temperature", "max_tokens", "n", "options", "metadata"]
    said = {"message": "no such model", "type": "x", "param": None, "code": None}
    server.upstream.script = Reply(status=404, raw=json.dumps({"error": said}).encode())
    for field in dict.fromkeys(fields):
        for value in values:
            found = server.post({**good, field: value}, route.path)
            assert found.status < 500 or found.status == 502, (field, value, found)
            if found.status >= 400:
                refused(found, route.path, found.status)
    assert SECRET not in "".join(told)


@pytest.mark.parametrize("route", ROUTES, ids=PATHS)
@pytest.mark.parametrize("how", ["declared", "chunked", "declared too small"])
def test_a_body_over_the_bound_is_a_413(start: Start, route: Route, how: str) -> None:
    server = start(max_body=2048)
    body = json.dumps(route.body(SECRET * 1000)).encode()
    if how == "declared":
        found = server.post(body, route.path)
    elif how == "chunked":
        pieces = [body[at : at + 500] for at in range(0, len(body), 500)]
        chunks = iter([b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces] + [b"0\r\n\r\n"])
        found = server.post(chunks, route.path, transfer_encoding="chunked")
    else:
        # What is over the declared length is another request to HTTP, and no valid one.
        found = server.post(body, route.path, content_length="100")
    refused(found, route.path, 400 if how == "declared too small" else 413)
    assert server.upstream.bodies == []


@pytest.mark.parametrize("path", PATHS)
def test_a_packed_body_is_a_415_and_is_not_unpacked(server: Server, path: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for encoding in ("gzip", "br", "deflate, gzip"):
        refused(server.post(BOMB, path, content_encoding=encoding), path, 415)
    assert server.post(b"{", path, content_encoding="identity").status == 400
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000


@pytest.mark.parametrize("route", JUDGING, ids=[route.path for route in JUDGING])
@pytest.mark.parametrize(
    "hidden", ["WORST\x00", "\x00WORST", "WORST \ud83d\ude00", "\u202eWORST", "x" * 200_000 + " WORST"]
)
def test_odd_characters_hide_nothing(server: Server, route: Route, hidden: str) -> None:
    raw = server.post(json.dumps(route.body(hidden)).encode(), route.path)
    assert raw.headers["x-headgate-verdict"] == "refuse", raw
    assert server.upstream.bodies == []


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages", "/api/chat", "/v1/check", "/v1/responses"])
def test_ten_thousand_messages_are_refused_before_they_are_judged(server: Server, path: str) -> None:
    said = [{"role": "user", "content": SECRET}] * 10_000
    body = {"input": said, "model": "m"} if path == "/v1/responses" else {"messages": said}
    calls = server.classifier.calls
    refused(server.post({"model": "m", **body} if path != "/v1/check" else body, path), path)
    assert server.upstream.bodies == []
    assert server.classifier.calls == calls


@pytest.fixture
def listener() -> Iterator[list[bytes]]:
    """A private address that notes whoever comes."""
    came: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as door:
        door.settimeout(0.05)
        over = threading.Event()

        def listen() -> None:
            while not over.is_set():
                try:
                    client, _ = door.accept()
                except TimeoutError:
                    continue
                came.append(client.recv(100))
                client.close()

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        came.append(f"http://127.0.0.1:{door.getsockname()[1]}".encode())
        yield came
        over.set()
        thread.join()


def pictured(url: str) -> dict[str, dict[str, Any]]:
    """An image by its URL, as each dialect has it."""
    base64_source = {"type": "base64", "media_type": "image/png", "data": url.partition(",")[2]}
    source = base64_source if url.startswith("data:") else {"type": "url", "url": url}
    seen = {"type": "image_url", "image_url": {"url": url}}
    chat = {"model": "m", "messages": [{"role": "user", "content": [seen]}]}
    return {
        "/v1/chat/completions": chat,
        "/v1/responses": {
            "model": "m",
            "input": [{"role": "user", "content": [{"type": "input_image", "image_url": url}]}],
        },
        "/v1/messages": {
            "model": "m",
            "max_tokens": 9,
            "messages": [{"role": "user", "content": [{"type": "image", "source": source}]}],
        },
        "/v1/moderations": {"input": [seen]},
        "/v1/check": {"images": [url]},
        "/beta/litellm_basic_guardrail_api": {"input_type": "request", "texts": [], "images": [url]},
    }


@pytest.mark.parametrize("path", list(pictured("")))
def test_no_url_is_fetched_and_the_image_is_reported_unjudged(
    start: Start, listener: list[bytes], upstream: Upstream, path: str
) -> None:
    strict = start(STRICT, classifier=reader())
    private = listener[0].decode()
    for url in (private, f"{private.replace('127.0.0.1', 'localhost')}/redirect", "http://169.254.169.254/latest/"):
        raw = strict.post(pictured(url)[path], path)
        assert raw.headers["x-headgate-unjudged"] == "1", (url, raw)
        assert raw.headers["x-headgate-verdict"] == "refuse"
        assert SECRET not in str(raw)
    strict.settle()
    assert listener[1:] == []
    assert upstream.bodies == []


@pytest.mark.parametrize("path", list(pictured("")))
def test_an_image_bomb_is_bounded_by_the_body(start: Start, path: str) -> None:
    server = start(STRICT, classifier=reader(), max_body=1024 * 1024)
    bomb = base64.b64encode(b"\x89PNG" + bytes(1024 * 1024)).decode()
    refused(
        server.post(
            pictured(f"data:image/png;base64,{bomb}")[path],
            path,
        ),
        path,
        413,
    )
    small = server.post(pictured(f"data:image/png;base64,{bomb[:1000]}")[path], path)
    assert small.headers["x-headgate-unjudged"] == "1"
    assert small.headers["x-headgate-verdict"] == "refuse"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x-headgate-deadline-ms", "nan"),
        ("x-headgate-deadline-ms", "-1e999"),
        ("x-headgate-deadline-ms", "9" * 5000),
        ("accept-language", "\xff\xfe;q=nan, " + "a," * 5000),
        ("traceparent", "00-" + "f" * 9000),
        ("x-headgate-policy", "../../etc/passwd"),
        ("authorization", "Bearer \xff\xfe"),
        ("content-type", "text/zyzzyva"),
        ("x-stainless-timeout", "inf"),
        ("cookie", "a" * 9000),
    ],
)
def test_odd_headers_are_a_4xx_or_without_effect(server: Server, told: list[str], name: str, value: str) -> None:
    raw = server.send(
        "POST", "/v1/chat/completions", json.dumps(ROUTES[0].body(SECRET)), **{name: value.encode("latin-1")}
    )  # type: ignore[arg-type]
    assert raw.status in (200, 400), raw
    assert SECRET not in "".join(told)
    assert not [line for line in told if "Traceback" in line or "failed" in line]
