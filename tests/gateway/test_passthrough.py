from __future__ import annotations

import json

import pytest

from ..upstream import Reply, frames
from .conftest import Server, Start
from .test_exchange import connect

ASK = {"model": "m", "messages": [{"role": "user", "content": "WORST"}, {"role": "user", "content": "Hello"}]}


@pytest.fixture
def server(start: Start) -> Server:
    return start("off")


def test_an_answer_passes_byte_for_byte_and_says_that_nobody_judged_it(server: Server) -> None:
    body = b'{"choices":  [{"message": {"content": "WORST", "hidden": 1}}]}'
    server.upstream.script = Reply(raw=body, headers={"x-request-id": "r1"})
    raw = server.post(ASK)
    assert raw.lines == [body.decode()]
    assert raw.headers["x-headgate-verdict"] == "unjudged"
    assert raw.headers["x-headgate-unjudged"] == "3"
    assert raw.headers["x-headgate-judged"] == "0"
    assert raw.headers["x-request-id"] == "r1"
    assert server.upstream.bodies == [ASK]
    assert server.classifier.calls == 0


def test_a_stream_passes_byte_for_byte(server: Server) -> None:
    reply = server.upstream.script = Reply(texts=["WORST words."])
    raw = server.post({**ASK, "stream": True})
    assert raw.headers["content-type"] == "text/event-stream"
    assert raw.lines == [line for line in b"".join(frames(reply, usage=False)).decode().split("\n") if line]


@pytest.mark.parametrize("status", [400, 429, 500])
def test_an_error_of_upstream_passes_as_it_is(server: Server, status: int) -> None:
    server.upstream.script = Reply(status=status, raw=b"<html>", headers={"Content-Type": "text/html"})
    raw = server.post(ASK)
    assert (raw.status, raw.lines, raw.headers["content-type"]) == (status, ["<html>"], "text/html")


def test_a_body_that_cannot_be_read_is_upstreams_to_refuse(server: Server) -> None:
    server.upstream.script = Reply(texts=["Fine."])
    raw = server.post({"messages": 5})
    assert raw.headers["x-headgate-unjudged"] == "2"


def test_an_upstream_that_is_not_there_is_a_502_in_the_envelope(start: Start) -> None:
    raw = start("off", url="http://127.0.0.1:9").post(ASK)
    assert raw.status == 502
    assert json.loads(raw.lines[0])["error"]["code"] == "upstream_error"


def test_what_may_have_gone_upstream_counts_as_unjudged_though_no_answer_came(start: Start) -> None:
    server = start("off", url="http://127.0.0.1:9")
    assert server.post(ASK).status == 502
    assert 'headgate_unjudged_parts_total{reason="off"} 2.0' in server.send("GET", "/metrics").lines


def test_a_body_whose_parts_cannot_be_told_counts_as_one_though_no_answer_came(start: Start) -> None:
    server = start("off", url="http://127.0.0.1:9")
    form = b'--x\r\ncontent-disposition: form-data; name="prompt"\r\n\r\nWORST\r\n--x--\r\n'
    assert server.post(form, "/v1/videos").status == 502
    assert server.post({"prompt": {"text": "WORST"}}, "/v1/images/generations").status == 502
    assert 'headgate_unjudged_parts_total{reason="off"} 2.0' in server.send("GET", "/metrics").lines


def test_what_went_upstream_counts_as_unjudged_though_the_client_left(server: Server) -> None:
    server.upstream.script = Reply(texts=["Fine."], fault="hang")
    client = connect(server, ASK)
    assert server.upstream.started.wait(10)
    client.close()
    assert server.upstream.left.wait(10)
    server.settle()
    assert 'headgate_unjudged_parts_total{reason="off"} 2.0' in server.send("GET", "/metrics").lines


def test_a_stream_that_upstream_breaks_off_is_broken_off_here_too(server: Server) -> None:
    server.upstream.script = Reply(texts=["Some words that take a few chunks."], fault="close", after=3)
    with pytest.raises(Exception, match="IncompleteRead"):
        server.post({**ASK, "stream": True})


@pytest.mark.parametrize("fault", ["hang", "stall"])
def test_a_client_that_goes_cancels_upstream(server: Server, fault: str) -> None:
    server.upstream.script = Reply(texts=["Some words that take a few chunks."], fault=fault, after=3)
    client = connect(server, {**ASK, "stream": True})
    assert server.upstream.started.wait(10)
    if fault == "stall":
        assert client.recv(65536)
    client.close()
    assert server.upstream.left.wait(10)


def test_the_list_of_models_passes_with_and_without_a_guard(server: Server, start: Start) -> None:
    for gateway in (server, start()):
        raw = gateway.send("GET", "/v1/models")
        assert json.loads(raw.lines[0])["data"][0]["id"] == "scripted"
    assert start(url="http://127.0.0.1:9").send("GET", "/v1/models").status == 502
