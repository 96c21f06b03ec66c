"""A scriptable upstream for tests: a real HTTP server that speaks chat completions, well, badly or not at all."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
from aiohttp import web

PATHS = (
    "/chat/completions", "/completions", "/embeddings", "/images/generations", "/videos", "/messages",
    "/messages/count_tokens", "/responses",
)  # fmt: skip
"""What is answered; beside chat with `Reply.raw` alone."""
USAGE = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}


class Reply(msgspec.Struct, kw_only=True):
    """One scripted answer: a text for each choice, or a status and raw body; or a fault after `after` chunks."""

    texts: Sequence[str] = ("Fine.",)
    reasoning: str = ""
    tool_calls: Sequence[dict[str, Any]] = ()
    message: dict[str, Any] = {}
    status: int = 200
    raw: bytes | None = None
    headers: dict[str, str] = {}
    chunk: int = 7
    newline: str = "\n"
    split: int = 0
    usage: dict[str, Any] | None = msgspec.field(default_factory=lambda: dict(USAGE))
    finish_reason: str = "stop"
    delay: float = 0.0
    fault: str = ""
    after: int = 2


Script = Reply | Sequence[Reply] | Callable[[dict[str, Any], int], Reply]


class Upstream:
    """Answers from `script`: one reply for all, one a request in turn (the last repeats), or a function of it."""

    def __init__(self) -> None:
        self.url = ""
        self.script: Script = Reply()
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.left = threading.Event()
        self.started = threading.Event()
        self.release = threading.Event()

    def reset(self) -> None:
        """Forget everything."""
        self.script = Reply()
        self.bodies.clear()
        self.headers.clear()
        self.paths.clear()
        for event in (self.left, self.started, self.release):
            event.clear()

    def reply(self, body: dict[str, Any]) -> Reply:
        """The reply to the request that was just kept."""
        number = len(self.bodies) - 1
        if callable(self.script):
            return self.script(body, number)
        if isinstance(self.script, Reply):
            return self.script
        return self.script[min(number, len(self.script) - 1)]

    async def chat(self, request: web.Request) -> web.StreamResponse:
        """Answer a chat completion."""
        body = json.loads(await request.read())
        self.bodies.append(body)
        self.headers.append(dict(request.headers))
        self.paths.append(request.path_qs)
        reply = self.reply(body)
        self.started.set()
        try:
            if reply.delay:
                await asyncio.sleep(reply.delay)
            if reply.fault == "hang":
                await self._hang()
            if reply.raw is not None or reply.status != 200:
                raw = reply.raw if reply.raw is not None else b'{"error": {"message": "scripted", "type": "x"}}'
                headers = {"Content-Type": "application/json", **reply.headers}
                return web.Response(body=raw, status=reply.status, headers=headers)
            if body.get("stream") and reply.fault != "no-stream":
                return await self._stream(request, body, reply)
            return web.json_response(whole(reply), headers=reply.headers)
        except (asyncio.CancelledError, ConnectionResetError):
            self.left.set()
            raise

    async def _stream(self, request: web.Request, body: dict[str, Any], reply: Reply) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", **reply.headers})
        await response.prepare(request)
        usage = bool((body.get("stream_options") or {}).get("include_usage"))
        data = list(frames(reply, usage=usage))
        for number, frame in enumerate(data):
            if reply.fault and number == reply.after:
                if reply.fault == "close":
                    assert request.transport is not None
                    request.transport.close()
                    return response
                if reply.fault == "stall":
                    await self._hang()
                if reply.fault == "wait":
                    await self._hang()
                if reply.fault == "bad-json":
                    frame = b"data: {not json}\n\n"
                if reply.fault == "error":
                    frame = b'data: {"error": {"message": "overloaded", "type": "server_error"}}\n\n'
                if reply.fault == "eof":
                    await response.write_eof()
                    return response
            for piece in _split(frame, reply.split):
                await response.write(piece)
        return response

    async def _hang(self) -> None:
        # The event is set from another thread, which an asyncio event does not allow.
        while not self.release.is_set():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def whole(reply: Reply) -> dict[str, Any]:
    """The body of an answer in one piece."""
    choices = []
    for index, text in enumerate(reply.texts):
        message: dict[str, Any] = {"role": "assistant", "content": text or None, "refusal": None}
        if reply.reasoning:
            message["reasoning_content"] = reply.reasoning
        if reply.tool_calls:
            message["tool_calls"] = list(reply.tool_calls)
        choices.append({"index": index, "message": {**message, **reply.message}, "finish_reason": reply.finish_reason})
    body = {
        "id": "chatcmpl-up1",
        "object": "chat.completion",
        "created": 1760000000,
        "model": "scripted",
        "system_fingerprint": "fp_1",
        "choices": choices,
    }
    return body | ({"usage": reply.usage} if reply.usage is not None else {})


def frames(reply: Reply, *, usage: bool) -> Iterator[bytes]:
    """The frames of a streamed answer, texts in pieces of `reply.chunk` characters."""
    head = {
        "id": "chatcmpl-up1",
        "object": "chat.completion.chunk",
        "created": 1760000000,
        "model": "scripted",
        "system_fingerprint": "fp_1",
    }

    def frame(index: int, delta: dict[str, Any], reason: str | None = None) -> bytes:
        body = {**head, "choices": [{"index": index, "delta": delta, "finish_reason": reason}]}
        return f"data: {json.dumps(body, ensure_ascii=False)}{reply.newline * 2}".encode()

    yield f": comment{reply.newline * 2}".encode()
    for index, text in enumerate(reply.texts):
        yield frame(index, {"role": "assistant", "content": ""})
        for piece in re.findall(f"(?s).{{1,{reply.chunk}}}", reply.reasoning):
            yield frame(index, {"reasoning_content": piece})
        for piece in re.findall(f"(?s).{{1,{reply.chunk}}}", text):
            yield frame(index, {"content": piece})
        for number, call in enumerate(reply.tool_calls):
            function = call["function"]
            opening = {**call, "index": number, "function": {"name": function["name"], "arguments": ""}}
            yield frame(index, {"tool_calls": [opening]})
            for piece in re.findall(f"(?s).{{1,{reply.chunk}}}", function["arguments"]):
                yield frame(index, {"tool_calls": [{"index": number, "function": {"arguments": piece}}]})
        yield frame(index, {}, reply.finish_reason)
    if usage and reply.usage is not None:
        yield f"data: {json.dumps({**head, 'choices': [], 'usage': reply.usage})}{reply.newline * 2}".encode()
    yield f"data: [DONE]{reply.newline * 2}".encode()


def _split(frame: bytes, size: int) -> Iterator[bytes]:
    if not size:
        yield frame
        return
    for start in range(0, len(frame), size):
        yield frame[start : start + size]


@contextmanager
def running() -> Iterator[Upstream]:
    """A server on a loopback port in a thread of its own."""
    upstream = Upstream()

    async def models(_: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": "scripted", "object": "model"}]})

    app = web.Application(client_max_size=64 * 1024 * 1024)
    for path in PATHS:
        app.router.add_post(f"/v1{path}", upstream.chat)
    app.router.add_post("/api/chat", upstream.chat)
    app.router.add_post("/openai/deployments/{model}/chat/completions", upstream.chat)
    app.router.add_get("/v1/models", models)
    loop = asyncio.new_event_loop()
    # Handlers are cancelled when their client goes: that is how the server sees it.
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.2)
    loop.run_until_complete(runner.setup())
    loop.run_until_complete(web.TCPSite(runner, "127.0.0.1", 0).start())
    upstream.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield upstream
    finally:
        upstream.release.set()
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(timeout=5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=5)
        loop.close()
