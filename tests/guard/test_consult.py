from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from headgate.guard.consult import LARGEST_ANSWER, Helpers
from headgate.guard.effects import Consult, Consulted
from headgate.guard.strategies.corrector import correction
from headgate.policies.compiled import Service

KEY = "sk-very-secret"
ASK = Consult(service="corrector", prompt="Say it better: rude words", max_tokens=64, stop=("##",))


class Helper(ThreadingHTTPServer):
    """A real server: answers from `script` and keeps what it was sent."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script: Callable[[BaseHTTPRequestHandler], None] = lambda handler: reply(handler, chat("Kind words."))
        self.seen: list[dict[str, Any]] = []
        self.over = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: Helper

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.seen.append({"path": self.path, "body": json.loads(body), "headers": headers})
        self.server.script(self)

    def log_message(self, format: str, *args: object) -> None:
        pass


def reply(handler: BaseHTTPRequestHandler, body: Any, status: int = 200, **headers: str) -> None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    handler.send_response(status)
    for name, value in {"content-length": str(len(raw)), **headers}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(raw)


def chat(text: str | None, tokens: int = 7) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return {"id": "x", "choices": [choice], "usage": {"completion_tokens": tokens, "total_tokens": tokens + 3}}


@pytest.fixture
def helper() -> Iterator[Helper]:
    with Helper() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server
        server.over.set()
        server.shutdown()
        thread.join(timeout=5)


def helpers(url: str, *, api: Any = "chat", key_env: str | None = None, timeout: float = 10.0) -> Helpers:
    service = Service(url=url, model="m", key_env=key_env, api=api, timeout=timeout)
    return Helpers({"corrector": service}, environment={"THE_KEY": KEY, "BROKEN": "a\nb"})


def test_a_chat_server_is_asked_in_one_user_message(helper: Helper) -> None:
    assert helpers(helper.url).consult(ASK) == Consulted(text="Kind words.", tokens=7)
    (seen,) = helper.seen
    assert seen["path"] == "/v1/chat/completions"
    assert seen["body"] == {
        "model": "m",
        "max_tokens": 64,
        "temperature": 0,
        "stop": ["##"],
        "messages": [{"role": "user", "content": "Say it better: rude words"}],
    }
    assert "authorization" not in seen["headers"]


def test_a_completions_server_gets_aligner_s_markers_and_a_chat_server_does_not(helper: Helper) -> None:
    helper.script = lambda handler: reply(handler, {"choices": [{"index": 0, "text": " Kind."}]})
    asked = correction("Why?", "Because.")
    assert helpers(helper.url, api="completions").consult(asked) == Consulted(text=" Kind.", tokens=1)
    helpers(helper.url).consult(asked)
    plain, wrapped = helper.seen[1]["body"]["messages"][0]["content"], helper.seen[0]["body"]["prompt"]
    assert helper.seen[0]["path"] == "/v1/completions"
    assert wrapped == f"BEGINNING OF CONVERSATION: USER: {plain} ASSISTANT:"


async def test_on_an_event_loop_it_waits_off_the_loop(helper: Helper) -> None:
    def when_told(handler: BaseHTTPRequestHandler) -> None:
        helper.over.wait(10)
        reply(handler, chat("Late words."))

    helper.script = when_told
    asked = asyncio.ensure_future(helpers(helper.url).aconsult(ASK))
    await asyncio.to_thread(lambda: None)
    assert not asked.done()
    helper.over.set()
    assert (await asked).text == "Late words."


def test_the_key_comes_from_the_environment_and_is_in_no_fault(helper: Helper) -> None:
    helper.script = lambda handler: reply(handler, {"error": {"message": f"bad key {KEY}"}}, 401)
    found = helpers(helper.url, key_env="THE_KEY").consult(ASK)
    assert helper.seen[0]["headers"]["authorization"] == f"Bearer {KEY}"
    assert found == Consulted(text=None, fault="answered 401")


def test_a_missing_or_broken_key_is_a_fault_before_anything_is_sent(helper: Helper) -> None:
    assert helpers(helper.url, key_env="NO_KEY").consult(ASK).fault == "NO_KEY is not set"
    assert "one line" in (helpers(helper.url, key_env="BROKEN").consult(ASK).fault or "")
    assert helper.seen == []


def test_redirects_are_not_followed(helper: Helper) -> None:
    helper.script = lambda handler: reply(handler, b"", 307, location=f"{helper.url}/elsewhere")
    assert helpers(helper.url, key_env="THE_KEY").consult(ASK).fault == "answered 307"
    assert len(helper.seen) == 1


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b"{not json", "answered something that is no completion"),
        (b"\xff\xfe", "answered something that is no completion"),
        ({"choices": "none"}, "answered something that is no completion"),
        ({"choices": []}, "answered nothing"),
        (chat(None), "answered nothing"),
        (chat("  \n"), "answered nothing"),
        (b" " * (LARGEST_ANSWER + 1), f"answered more than {LARGEST_ANSWER} bytes"),
    ],
)
def test_an_answer_that_is_none_is_a_fault(helper: Helper, body: Any, fault: str) -> None:
    helper.script = lambda handler: reply(handler, body)
    found = helpers(helper.url).consult(ASK)
    assert (found.text, found.fault) == (None, fault)


def test_a_helper_that_hangs_or_drips_is_left_at_its_timeout(helper: Helper) -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("content-length", "1000000")
        handler.end_headers()
        while not helper.over.wait(0.02):
            handler.wfile.write(b" ")

    for script in (lambda handler: helper.over.wait(10), drip):
        helper.script = script
        assert helpers(helper.url, timeout=0.2).consult(ASK) == Consulted(text=None, fault="did not answer in time")


def test_a_helper_that_breaks_off_or_is_not_there_is_a_fault(helper: Helper) -> None:
    helper.script = lambda handler: handler.connection.shutdown(socket.SHUT_RDWR)
    assert "cannot be reached" in (helpers(helper.url).consult(ASK).fault or "")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        assert "cannot be reached" in (helpers(f"http://127.0.0.1:{free.getsockname()[1]}").consult(ASK).fault or "")


def test_a_helper_that_nobody_configured_cannot_be_asked(helper: Helper) -> None:
    asked = helpers(helper.url)
    assert asked.names == {"corrector"}
    assert asked.consult(Consult(service="critic", prompt="x")).fault == "not configured"
