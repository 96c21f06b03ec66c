from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Iterator
from email.utils import formatdate

import pytest

from headgate.guard.filter import upstream
from headgate.guard.filter.plan import Upstream
from headgate.guard.filter.upstream import ATTEMPTS, LONGEST_WAIT, Client, Passing, address
from headgate.models.errors import ConfigError, UpstreamError

from ...upstream import Reply, running
from ...upstream import Upstream as Server

KEY = "sk-very-secret"
ASKED = [{"role": "user", "content": "Say something rude."}]


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as found:
        yield found


def _client(url: str, waits: list[float] | None = None, **more: object) -> Client:
    found = Upstream(url=url, model="m", **more)  # type: ignore[arg-type]
    return Client(found, environment={"KEY": KEY}, sleep=(waits if waits is not None else []).append)


def test_the_conversation_goes_up_and_the_answer_comes_down(server: Server) -> None:
    server.script = Reply(texts=["Kind words."])
    assert _client(server.url, key_env="KEY").complete(ASKED) == "Kind words."
    assert (server.bodies[0]["messages"], server.bodies[0]["model"]) == (ASKED, "m")
    assert {name.lower(): value for name, value in server.headers[0].items()}["authorization"] == f"Bearer {KEY}"


def test_a_refusal_is_an_answer(server: Server) -> None:
    server.script = Reply(raw=b'{"choices": [{"message": {"content": null, "refusal": "I will not."}}]}')
    assert _client(server.url).complete(ASKED) == "I will not."


def test_what_may_pass_is_tried_again_and_the_server_says_when(server: Server) -> None:
    waits: list[float] = []
    server.script = [Reply(status=429, headers={"retry-after": "3"}), Reply(status=503), Reply(texts=["Kind words."])]
    assert _client(server.url, waits).complete(ASKED) == "Kind words."
    assert waits == [3.0, 1.0]


@pytest.mark.parametrize("when", ["Mon, 1 Jan 2026 1:1:99999999999999999999 GMT", "1e999", "nan", "Mon, 1 Jan 0"])
def test_a_date_that_is_none_is_a_wait_of_ones_own(server: Server, when: str) -> None:
    waits: list[float] = []
    server.script = [Reply(status=503, headers={"retry-after": when}), Reply(texts=["Kind words."])]
    assert _client(server.url, waits).complete(ASKED) == "Kind words."
    assert waits == [0.5]


def test_a_server_may_say_when_by_a_date(server: Server) -> None:
    waits: list[float] = []
    past, soon = formatdate(0, usegmt=True), formatdate(time.time() + 20, usegmt=True)
    headers = [{"retry-after": one} for one in (past, soon, "whenever")]
    server.script = [*(Reply(status=503, headers=one) for one in headers), Reply(texts=["Kind words."])]
    assert _client(server.url, waits).complete(ASKED) == "Kind words."
    first, second, third = waits
    assert (first, third) == (0.0, 2.0)
    assert 1 < second <= 20


def test_an_answer_that_was_cut_off_is_none(server: Server) -> None:
    server.script = Reply(texts=["Kind words that"], finish_reason="length")
    with pytest.raises(UpstreamError, match="cut off") as caught:
        _client(server.url).complete(ASKED)
    assert not isinstance(caught.value, Passing)


def test_what_will_not_pass_is_an_error_that_holds_neither_key_nor_content(server: Server) -> None:
    for script, tries in ((Reply(status=401), 1), (Reply(status=500, headers={"retry-after": "900"}), ATTEMPTS)):
        server.reset()
        server.script = script
        waits: list[float] = []
        with pytest.raises(UpstreamError, match=f"answered {script.status}") as caught:
            _client(server.url, waits, key_env="KEY").complete(ASKED)
        assert (len(server.bodies), waits) == (tries, [LONGEST_WAIT] * (tries - 1))
        assert KEY not in str(caught.value)
        assert "rude" not in str(caught.value)


@pytest.mark.parametrize("raw", [b"not json", b'{"choices": []}', b'{"choices": [{"message": {}}]}', b"[]"])
def test_an_answer_that_is_none_is_an_error(server: Server, raw: bytes) -> None:
    server.script = Reply(raw=raw)
    with pytest.raises(UpstreamError):
        _client(server.url).complete(ASKED)


def test_an_answer_without_end_is_not_read(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upstream, "LARGEST_ANSWER", 100)
    server.script = Reply(raw=json.dumps({"choices": [{"message": {"content": "a" * 200}}]}).encode())
    with pytest.raises(UpstreamError, match="more than"):
        _client(server.url).complete(ASKED)


def test_a_server_that_is_not_there_is_tried_and_then_named_as_such() -> None:
    with socket.socket() as taken:
        # Bound and not listening: nobody else can take the port meanwhile.
        taken.bind(("127.0.0.1", 0))
        waits: list[float] = []
        with pytest.raises(UpstreamError, match="cannot be reached"):
            _client(f"http://127.0.0.1:{taken.getsockname()[1]}/v1", waits).complete(ASKED)
    assert len(waits) == ATTEMPTS - 1


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("http://[::1]/v1", "::1", 80),
        ("https://[::1]/v1", "::1", 443),
        ("https://host/v1", "host", 443),
        ("http://host:8000/v1", "host", 8000),
    ],
)
def test_no_port_stands_for_the_schemes_own(url: str, host: str, port: int) -> None:
    found = address(url)
    line = http.client.HTTPConnection(found.host, found.port)
    assert (line.host, line.port) == (found.host, found.port) == (host, port)


def test_a_url_that_is_none_and_a_key_that_is_not_set_are_named() -> None:
    with pytest.raises(ConfigError, match="--upstream is no URL"):
        _client("localhost:8000")
    with pytest.raises(ConfigError, match="--key-env OTHER"):
        _client("http://localhost:8000/v1", key_env="OTHER")
