"""An upstream for endurance: a real HTTP server that speaks every dialect the gateway asks in, and sometimes fails.

python benchmarks/soak_upstream.py [--faults 0.1]    prints its address as the first line
"""

import argparse
import asyncio
import json
import random
from collections.abc import Iterator
from typing import Any

from aiohttp import web

WORDS = "This is a sentence that is fine. Here comes another one, which is a little longer. And a third."
BAD = f"{WORDS} BAD words: I am going to find you and beat you until you stop breathing."
USAGE = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
FAULTS = ("error", "slow", "half", "nonsense", "reset")
EVENTS = "text/event-stream"


def sse(*bodies: Any, done: bool = True) -> Iterator[bytes]:
    """Events with this data."""
    for body in bodies:
        yield f"data: {json.dumps(body)}\n\n".encode()
    if done:
        yield b"data: [DONE]\n\n"


def named(*bodies: dict[str, Any]) -> Iterator[bytes]:
    """Events that carry their type as their name."""
    for body in bodies:
        yield f"event: {body['type']}\ndata: {json.dumps(body)}\n\n".encode()


def pieces(text: str) -> list[str]:
    """A text in words."""
    return [f"{word} " for word in text.split()]


def chat(text: str, asked: dict[str, Any]) -> Any:
    """A chat completion, or its chunks."""
    head = {"id": "chatcmpl-1", "created": 1, "model": "m"}
    if not asked.get("stream"):
        said = {"role": "assistant", "content": text}
        choices = [{"index": i, "message": said, "finish_reason": "stop"} for i in range(asked.get("n") or 1)]
        return {**head, "object": "chat.completion", "choices": choices, "usage": USAGE}
    deltas = [{"index": 0, "delta": {"content": piece}, "finish_reason": None} for piece in pieces(text)]
    deltas.append({"index": 0, "delta": {}, "finish_reason": "stop"})
    return sse(*({**head, "choices": [delta]} for delta in deltas), {**head, "choices": [], "usage": USAGE})


def completions(text: str, asked: dict[str, Any]) -> Any:
    """Text completions, or their chunks."""
    head = {"id": "cmpl-1", "object": "text_completion", "created": 1, "model": "m"}
    prompt = asked.get("prompt")
    several = isinstance(prompt, list) and bool(prompt) and not isinstance(prompt[0], int)
    count = (len(prompt) if several and isinstance(prompt, list) else 1) * (asked.get("n") or 1)
    whole = [{"index": i, "text": text, "finish_reason": "stop", "logprobs": None} for i in range(count)]
    if not asked.get("stream"):
        return {**head, "choices": whole, "usage": USAGE}
    return sse(*({**head, "choices": [one]} for one in whole))


def messages(text: str, asked: dict[str, Any]) -> Any:
    """A message, or its events."""
    start = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [], "stop_sequence": None}
    usage = {"input_tokens": 10, "output_tokens": 5}
    if not asked.get("stream"):
        return {**start, "content": [{"type": "text", "text": text}], "stop_reason": "end_turn", "usage": usage}
    deltas = [
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}}
        for piece in pieces(text)
    ]
    return named(
        {"type": "message_start", "message": {**start, "stop_reason": None, "usage": usage}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        *deltas,
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": usage},
        {"type": "message_stop"},
    )


def ollama(text: str, asked: dict[str, Any]) -> Any:
    """A chat as Ollama answers it, or its lines."""
    head = {"model": "m", "created_at": "2026-01-01T00:00:00Z"}
    end = {**head, "done": True, "done_reason": "stop", "prompt_eval_count": 10, "eval_count": 5}
    if asked.get("stream") is False:
        return {**end, "message": {"role": "assistant", "content": text}}
    lines = [{**head, "message": {"role": "assistant", "content": piece}, "done": False} for piece in pieces(text)]
    lines.append({**end, "message": {"role": "assistant", "content": ""}})
    return (f"{json.dumps(line)}\n".encode() for line in lines)


def responses(text: str, asked: dict[str, Any]) -> Any:
    """A response, or its events."""
    part = {"type": "output_text", "text": text, "annotations": []}
    item = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [part]}
    head = {"id": "resp_1", "object": "response", "created_at": 1, "model": "m"}
    usage = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}
    whole = {**head, "status": "completed", "output": [item], "usage": usage}
    if not asked.get("stream"):
        return whole
    place = {"item_id": "msg_1", "output_index": 0}
    inside = {**place, "content_index": 0}
    deltas = [{"type": "response.output_text.delta", **inside, "delta": piece} for piece in pieces(text)]
    told = "".join(pieces(text))
    done = {**item, "content": [{**part, "text": told}]}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": {**head, "status": "in_progress", "output": []}},
        {"type": "response.output_item.added", "output_index": 0, "item": {**item, "content": []}},
        {"type": "response.content_part.added", **inside, "part": {**part, "text": ""}},
        *deltas,
        {"type": "response.output_text.done", **inside, "text": told},
        {"type": "response.content_part.done", **inside, "part": {**part, "text": told}},
        {"type": "response.output_item.done", "output_index": 0, "item": done},
        {
            "type": "response.completed",
            "response": {**whole, "output": [{**item, "content": [{**part, "text": told}]}]},
        },
    ]
    return named(*({**event, "sequence_number": number} for number, event in enumerate(events)))


def embeddings(text: str, asked: dict[str, Any]) -> Any:
    """Vectors."""
    return {"object": "list", "model": "m", "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}]}


def images(text: str, asked: dict[str, Any]) -> Any:
    """A picture by its address."""
    return {"created": 1, "data": [{"url": "http://127.0.0.1:1/picture.png"}]}


def count(text: str, asked: dict[str, Any]) -> Any:
    """A number of tokens."""
    return {"input_tokens": 10}


ROUTES = {
    "/v1/chat/completions": chat,
    "/v1/completions": completions,
    "/v1/responses": responses,
    "/v1/embeddings": embeddings,
    "/v1/images/generations": images,
    "/v1/messages": messages,
    "/v1/messages/count_tokens": count,
    "/api/chat": ollama,
}


def application(*, faults: float = 0.0, pace: float = 0.0, seed: int = 0) -> web.Application:
    """The server; a share of `faults` of its answers fails, and `pace` seconds pass between a stream's events."""
    dice = random.Random(seed)

    async def answer(request: web.Request) -> web.StreamResponse:
        asked = json.loads(await request.read())
        fault = dice.choice(FAULTS) if dice.random() < faults else ""
        if fault == "error":
            return web.json_response({"error": {"message": "overloaded", "type": "x"}}, status=503)
        if fault == "reset":
            return _reset(request)
        if fault == "nonsense":
            return web.Response(body=b"<html>", content_type="application/json")
        made = ROUTES[request.path](BAD if dice.random() < faults else WORDS, asked)
        if isinstance(made, dict):
            return web.json_response(made)
        kind = "application/x-ndjson" if request.path == "/api/chat" else EVENTS
        response = web.StreamResponse(headers={"Content-Type": kind})
        await response.prepare(request)
        for number, event in enumerate(made):
            if fault == "half" and number == 5:
                return _reset(request, response)
            await response.write(event)
            await asyncio.sleep(pace * (10 if fault == "slow" else 1))
        return response

    async def models(request: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": "m", "object": "model"}]})

    app = web.Application(client_max_size=64 * 1024 * 1024)
    for path in ROUTES:
        app.router.add_post(path, answer)
    app.router.add_get("/v1/models", models)
    return app


def _reset(request: web.Request, response: web.StreamResponse | None = None) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.close()
    return response or web.Response()


async def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--faults", type=float, default=0.1)
    parser.add_argument("--pace", type=float, default=0.002)
    options = parser.parse_args()
    made = application(faults=options.faults, pace=options.pace)
    runner = web.AppRunner(made, access_log=None, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
