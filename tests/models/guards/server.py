"""A guard's server for tests: real HTTP, OpenAI's chat and completions with log-probabilities, scripted answers."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec


class Said(msgspec.Struct, kw_only=True):
    """One answer: tokens with the odds of others at their place, or a status and a raw body."""

    tokens: Sequence[str] = ()
    odds: dict[int, dict[str, float]] = {}
    status: int = 200
    raw: bytes | None = None
    hang: bool = False
    drop: bool = False

    @property
    def text(self) -> str:
        return "".join(self.tokens)


Script = Callable[[dict[str, Any]], Said]


class GuardServer:
    """What it was asked, and how it answers."""

    def __init__(self) -> None:
        self.url = ""
        self.script: Script = lambda body: Said(tokens=("safe",))
        self.bodies: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.keys: list[str | None] = []
        self.connections = 0
        self.release = threading.Event()

    def says(self, *tokens: str, **odds: float) -> None:
        """The same answer to everyone; `odds` are those at the first token."""
        self.script = lambda body: Said(tokens=tokens, odds={0: odds} if odds else {})


def chat_answer(said: Said) -> dict[str, Any]:
    """OpenAI's chat completion."""
    content = []
    for place, token in enumerate(said.tokens):
        odds = said.odds.get(place, {token: 1.0})
        top = [{"token": word, "logprob": math.log(p), "bytes": None} for word, p in odds.items()]
        content.append({"token": token, "logprob": math.log(odds.get(token, 1.0)), "top_logprobs": top})
    message = {"role": "assistant", "content": said.text}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": {"content": content}}
    return {"id": "x", "object": "chat.completion", "choices": [choice], "usage": {"total_tokens": 1}}


def completion_answer(said: Said) -> dict[str, Any]:
    """The completions API's parallel lists."""
    every = [said.odds.get(place, {token: 1.0}) for place, token in enumerate(said.tokens)]
    logprobs = {
        "tokens": list(said.tokens),
        "token_logprobs": [math.log(odds.get(token, 1.0)) for odds, token in zip(every, said.tokens, strict=True)],
        "top_logprobs": [{word: math.log(p) for word, p in odds.items()} for odds in every],
        "text_offset": [0 for _ in said.tokens],
    }
    return {"id": "x", "object": "text_completion", "choices": [{"index": 0, "text": said.text, "logprobs": logprobs}]}


@contextmanager
def serving() -> Iterator[GuardServer]:
    """A server on a free port; ends with the block."""
    state = GuardServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            state.connections += 1
            super().setup()

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            state.bodies.append(body)
            state.paths.append(self.path)
            state.keys.append(self.headers["Authorization"])
            said = state.script(body)
            if said.hang:
                state.release.wait(30)
            if said.drop:
                self.close_connection = True
                return
            made = chat_answer(said) if "messages" in body else completion_answer(said)
            data = said.raw if said.raw is not None else json.dumps(made).encode()
            self.send_response(said.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    try:
        yield state
    finally:
        state.release.set()
        server.shutdown()
        server.server_close()
