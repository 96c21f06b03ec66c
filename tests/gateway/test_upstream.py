from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.gateway.config import Settings
from headgate.gateway.upstream import Upstream, returned
from headgate.gateway.upstream_settings import UpstreamSettings

from ..upstream import Reply
from .conftest import POLICY, Server, Start

ASK = {"model": "m", "messages": [{"role": "user", "content": "Tell me something."}]}
LONG = "This is a first sentence that is fine. Here comes a second one, which is fine too. And a third. "


def error_of(raw: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(raw.lines[0])["error"]
    return found


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
def test_an_error_of_upstream_comes_back_unchanged(server: Server, status: int, stream: bool) -> None:
    body = b'{"error": {"message": "too many", "type": "requests", "param": null, "code": "x"}}'
    server.upstream.script = Reply(status=status, raw=body, headers={"Retry-After": "7", "x-request-id": "r1"})
    raw = server.post({**ASK, "stream": stream})
    assert raw.status == status
    assert raw.lines == [body.decode()]
    assert raw.headers["retry-after"] == "7"
    assert raw.headers["x-request-id"] == "r1"


@pytest.mark.parametrize("raw", [b"<html>busy</html>", b"", b"[1]", b'{"answer": "an unjudged text"}'])
def test_an_error_without_an_envelope_gets_one_and_its_body_stays_here(server: Server, raw: bytes) -> None:
    server.upstream.script = Reply(status=502, raw=raw, headers={"Content-Type": "text/html"})
    answer = server.post(ASK)
    assert answer.status == 502
    assert error_of(answer)["code"] == "upstream_error"
    assert "unjudged" not in answer.lines[0]
    assert "html" not in answer.lines[0]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"null",
        b'{"choices": []}',
        b'{"choices": "secret"}',
        b'{"choices": [{"text": "secret"}]}',
        b'{"error": {"message": "it broke"}}',
        b'{"choices": [{"message": {"content": {"a": "secret"}}}]}',
        b'{"choices": [{"message": {"content": [{"type": "image", "text": "secret"}]}}]}',
        b'{"choices": [{"message": {"tool_calls": [{"function": {"name": "a secret name"}}]}}]}',
    ],
)
def test_a_200_that_is_no_completion_is_a_502_and_never_an_answer(server: Server, raw: bytes, stream: bool) -> None:
    server.upstream.script = Reply(raw=raw)
    answer = server.post({**ASK, "stream": stream})
    assert answer.status == 502
    assert "message" in error_of(answer)
    assert "secret" not in answer.lines[0]


def test_a_redirect_is_not_followed(server: Server) -> None:
    server.upstream.script = Reply(status=307, raw=b"", headers={"Location": "http://127.0.0.1:9/v1/chat/completions"})
    assert server.post(ASK).status == 502
    assert len(server.upstream.bodies) == 1


@pytest.mark.parametrize("fault", ["close", "eof", "bad-json", "error"])
def test_a_stream_that_breaks_ends_in_an_error_and_shows_only_what_was_judged(server: Server, fault: str) -> None:
    pieces = len(LONG) // 7
    server.upstream.script = Reply(texts=[LONG + "BAD end."], fault=fault, after=pieces)
    raw = server.post({**ASK, "stream": True})
    frames = [json.loads(line.removeprefix("data: ")) for line in raw.lines if line.startswith("data: {")]
    assert "error" in frames[-1]
    shown = "".join(c["delta"].get("content", "") for f in frames if "choices" in f for c in f["choices"])
    assert LONG.startswith(shown)
    assert not any(c["finish_reason"] for f in frames if "choices" in f for c in f["choices"])
    record = server.record()
    assert (record["delivery"], record["exposed"]) == ("cut", len(shown))


@pytest.mark.parametrize("fault", ["close", "eof", "bad-json", "error"])
def test_a_stream_that_breaks_before_anything_was_shown_is_a_plain_error(server: Server, fault: str) -> None:
    server.upstream.script = Reply(texts=["Short."], fault=fault, after=1)
    raw = server.post({**ASK, "stream": True})
    assert raw.status == 502
    assert "message" in error_of(raw)


@pytest.mark.parametrize("stream", [False, True])
def test_an_upstream_that_stalls_is_a_504(start: Start, stream: bool) -> None:
    server = start(read_timeout=0.1)
    server.upstream.script = Reply(texts=["Short."], fault="stall" if stream else "hang", after=1)
    raw = server.post({**ASK, "stream": stream})
    assert raw.status == 504
    assert error_of(raw)["code"] == "upstream_error"


@pytest.mark.parametrize("stream", [False, True])
def test_an_upstream_that_is_not_there_is_a_502(start: Start, stream: bool) -> None:
    raw = start(url="http://127.0.0.1:9").post({**ASK, "stream": stream})
    assert raw.status == 502
    assert "cannot be reached" in error_of(raw)["message"]


def test_a_server_that_does_not_stream_is_still_streamed_from(server: Server) -> None:
    server.upstream.script = Reply(texts=["Fine."], fault="no-stream")
    raw = server.post({**ASK, "stream": True})
    assert raw.lines[-1] == "data: [DONE]"
    assert "Fine." in "".join(raw.lines)


def test_the_callers_headers_go_on_without_those_of_this_hop(server: Server) -> None:
    server.post(
        ASK, authorization="Bearer mine", x_title="app", cookie="a=b", x_headgate_tenant="t", accept_encoding="br"
    )
    sent = {name.lower(): value for name, value in server.upstream.headers[0].items()}
    assert sent["authorization"] == "Bearer mine"
    assert sent["x-title"] == "app"
    assert sent["content-type"] == "application/json"
    assert not sent.keys() & {"cookie", "x-headgate-tenant", "accept-encoding"}
    assert server.upstream.url.split("/")[2] == sent["host"]


async def test_a_key_of_the_gateway_replaces_or_stands_in_for_the_callers() -> None:
    scope = {"headers": [(b"authorization", b"Bearer mine"), (b"api-key", b"mine")]}
    for overrides, expected in ((True, "Bearer ours"), (False, "Bearer mine")):
        settings = Settings(upstream="http://x/v1", upstream_key="ours", key_overrides=overrides)
        client = Upstream(settings)
        assert client.headers(scope)["authorization"] == expected
        assert client.headers({"headers": []})["authorization"] == "Bearer ours"
        assert ("api-key" in client.headers(scope)) is not overrides
        await client.close()


@pytest.mark.parametrize(("kind", "header"), [("openai", "authorization"), ("anthropic", "x-api-key")])
async def test_the_only_upstream_of_a_kind_is_shown_the_callers_key_before_ours(kind: Any, header: str) -> None:
    wrap = "Bearer {}" if header == "authorization" else "{}"
    theirs = ({"authorization": "Bearer mine"}, {"x-api-key": "mine"}, {"api-key": "mine"})
    for overrides, wanted in ((False, "mine"), (True, "ours")):
        settings = Settings(upstream="http://x/v1", upstream_kind=kind, upstream_key="ours", key_overrides=overrides)
        client = Upstream(settings)
        assert {client.dressed(kept)[header] for kept in theirs} == {wrap.format(wanted)}
        assert client.dressed({})[header] == wrap.format("ours")
        assert [client.shows_callers_key(kept) for kept in (theirs[0], {})] == [not overrides, False]
        await client.close()


async def test_an_upstream_with_a_name_is_shown_the_key_of_its_settings() -> None:
    spec = UpstreamSettings(url="http://x/v1", key="ours", forward_key=True)
    client = Upstream(Settings(upstream="http://x"), spec, name="upstream")
    assert client.dressed({"authorization": "Bearer mine"})["authorization"] == "Bearer ours"
    assert not client.shows_callers_key({"authorization": "Bearer mine"})
    await client.close()


@pytest.mark.parametrize("policy", [POLICY, "off"])
def test_a_key_of_openais_serves_callers_without_one_and_a_wrong_one_of_theirs_is_their_fault(
    start: Start, policy: str
) -> None:
    server = start(policy, upstream_kind="openai", upstream_key="sk-ours")
    server.post(ASK)
    server.post(ASK, authorization="Bearer sk-theirs")
    sent = [{name.lower(): value for name, value in head.items()} for head in server.upstream.headers]
    assert [head["authorization"] for head in sent] == ["Bearer sk-ours", "Bearer sk-theirs"]
    server.upstream.script = Reply(status=401, raw=b'{"error": {"message": "no such key"}}')
    assert server.post(ASK, authorization="Bearer sk-theirs").status == 401
    if policy != "off":
        own = server.post(ASK)
        assert (own.status, "no such key" in own.lines[0]) == (502, False)


def test_headers_of_upstreams_connection_do_not_come_back() -> None:
    found = returned([(b"X-Request-Id", b"1"), (b"Set-Cookie", b"a"), (b"Content-Encoding", b"gzip"), (b"Date", b"x")])
    assert found == [(b"x-request-id", b"1")]
    assert returned([(b"X-Headgate-Verdict", b"allow")]) == []
    assert (b"content-encoding", b"gzip") in returned([(b"Content-Encoding", b"gzip")], encoded=True)
