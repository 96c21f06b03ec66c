"""An honest little server that speaks OpenAI's chat completions and answers from a script, well or badly.

It stands in for a model that misbehaves: to some prompts its first answer is abusive, and with a system note it
behaves, as models do. Run it alone with `python -m headgate.examples.demo_upstream --port 9100`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from aiohttp import web


class Line(NamedTuple):
    """What is said to prompts that hold `cue`: `first` without a system note, `steered` with one."""

    cue: str
    first: str
    steered: str


SCRIPT: Final[Sequence[Line]] = (
    Line(
        "neighbour",
        "Tell that worthless idiot you know where he sleeps. Say you will break his legs and burn his house down if "
        "that filthy dog makes one more sound. People like him deserve to be hurt.",
        "You could say: “Hi, your dog barks at night when you are out, and I have trouble sleeping. Could we find "
        "a way together?” Being friendly and specific usually works best.",
    ),
    Line(
        "review",
        "The soup was lukewarm and the bread was stale, though the room is lovely. The cook is disgusting scum, and I "
        "will come back tonight with a knife and make him bleed for it. Everyone who works there should be beaten.",
        "The soup was lukewarm and the bread was stale, though the room is lovely. I would give the kitchen another "
        "chance, and I hope they take more care with the basics.",
    ),
    Line(
        "sourdough",
        "Feed your starter the evening before, until it doubles in a few hours. Mix flour, water and a little salt, "
        "and let the dough rest for half an hour. Fold it every thirty minutes, four times. Shape it gently, let it "
        "rise overnight in the fridge, and bake it in a hot pot with the lid on for twenty minutes, then without.",
        "Feed your starter, mix, fold, shape, rest overnight, and bake hot.",
    ),
    Line(
        "sky",
        "Sunlight is scattered by the air, and blue light is scattered the most. That is why we see a blue sky in "
        "every direction.",
        "The air scatters blue light the most, so the sky looks blue.",
    ),
)
_OTHERWISE: Final = Line(
    "", "I am a small demo model. Ask me about the sky, sourdough, a neighbour or a review.", "I am a demo model."
)
_PAUSE: Final = 0.01


def create_app(script: Sequence[Line] = SCRIPT) -> web.Application:
    """The server as an aiohttp application."""

    async def chat(request: web.Request) -> web.StreamResponse:
        try:
            body = json.loads(await request.read())
            messages = body["messages"]
        except (ValueError, KeyError, TypeError):
            return web.json_response(_error("the body must be JSON with messages"), status=400)
        text, call = _reply(messages, script), _tool_call(body)
        if body.get("stream"):
            return await _streamed(request, body, text, call)
        return web.json_response(_whole(body, text, call))

    async def models(_: web.Request) -> web.Response:
        entry = {"id": "demo", "object": "model", "created": 0, "owned_by": "headgate"}
        return web.json_response({"object": "list", "data": [entry]})

    app = web.Application(client_max_size=32 * 1024 * 1024)
    app.router.add_post("/v1/chat/completions", chat)
    app.router.add_get("/v1/models", models)
    return app


@contextmanager
def running(port: int = 0) -> Iterator[str]:
    """The server on a loopback port, in a thread of its own; gives its base URL."""
    loop = asyncio.new_event_loop()
    runner = web.AppRunner(create_app(), access_log=None)
    loop.run_until_complete(runner.setup())
    loop.run_until_complete(web.TCPSite(runner, "127.0.0.1", port).start())
    thread = threading.Thread(target=loop.run_forever, name="demo-upstream", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(timeout=5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=5)
        loop.close()


def _reply(messages: Sequence[Mapping[str, Any]], script: Sequence[Line]) -> str:
    asked = str(next((m.get("content") for m in reversed(messages) if m.get("role") == "user"), "")).lower()
    line = next((line for line in script if line.cue in asked), _OTHERWISE)
    steered = any(message.get("role") in ("system", "developer") for message in messages)
    return line.steered if steered else line.first


def _tool_call(body: Mapping[str, Any]) -> dict[str, Any] | None:
    """A call of the first function offered, for prompts that speak of the weather and have no result yet."""
    last = body["messages"][-1]
    if not body.get("tools") or last.get("role") != "user" or "weather" not in str(last.get("content")).lower():
        return None
    name = body["tools"][0].get("function", {}).get("name", "tool")
    return {"id": "call_demo", "type": "function", "function": {"name": name, "arguments": '{"city": "Lisbon"}'}}


def _head(body: Mapping[str, Any], kind: str) -> dict[str, Any]:
    now = time.time()
    return {
        "id": f"chatcmpl-demo{int(now * 1000):x}",
        "object": kind,
        "created": int(now),
        "model": body.get("model") or "demo",
        "system_fingerprint": "fp_demo",
    }


def _usage(messages: object, text: str) -> dict[str, int]:
    prompt, answer = len(str(messages)) // 4, len(text) // 4
    return {"prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer}


def _whole(body: Mapping[str, Any], text: str, call: dict[str, Any] | None) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None}
    if call is not None:
        message |= {"content": None, "tool_calls": [call]}
    reason = "stop" if call is None else "tool_calls"
    choices = [
        {"index": index, "message": message, "logprobs": None, "finish_reason": reason}
        for index in range(int(body.get("n") or 1))
    ]
    return {**_head(body, "chat.completion"), "choices": choices, "usage": _usage(body["messages"], text)}


async def _streamed(
    request: web.Request, body: Mapping[str, Any], text: str, call: dict[str, Any] | None
) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
    await response.prepare(request)
    async for chunk in _chunks(body, text, call):
        await response.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
    await response.write(b"data: [DONE]\n\n")
    return response


async def _chunks(body: Mapping[str, Any], text: str, call: dict[str, Any] | None) -> AsyncIterator[dict[str, Any]]:
    head = _head(body, "chat.completion.chunk")
    choices = range(int(body.get("n") or 1))

    def chunk(index: int, delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        return {**head, "choices": [{"index": index, "delta": delta, "logprobs": None, "finish_reason": reason}]}

    for index in choices:
        yield chunk(index, {"role": "assistant", "content": ""})
    if call is not None:
        for index in choices:
            yield chunk(index, {"tool_calls": [{"index": 0, **call}]})
    for word in re.findall(r"\s*\S+", text if call is None else ""):
        await asyncio.sleep(_PAUSE)
        for index in choices:
            yield chunk(index, {"content": word})
    for index in choices:
        yield chunk(index, {}, "stop" if call is None else "tool_calls")
    if (body.get("stream_options") or {}).get("include_usage"):
        yield {**head, "choices": [], "usage": _usage(body.get("messages"), text)}


def _error(message: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None}}


def main() -> None:
    """Serve until Ctrl-C."""
    flags = argparse.ArgumentParser(description="A scripted OpenAI-compatible server.")
    flags.add_argument("--port", type=int, default=9100)
    port = flags.parse_args().port
    print(f"demo upstream: http://127.0.0.1:{port}/v1", flush=True)
    web.run_app(create_app(), host="127.0.0.1", port=port, print=None, access_log=None)


if __name__ == "__main__":
    main()
