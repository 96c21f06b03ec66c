"""Every place where bytes of others are read: given any, each returns, or raises the one error that it promises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from headgate.gateway.settings_file import read_text
from headgate.gateway.sketch import sketch
from headgate.gateway.usage import UsageReader
from headgate.gateway.wire.anthropic_dialect import MESSAGES
from headgate.gateway.wire.check import parse_checks
from headgate.gateway.wire.dialect import Dialect
from headgate.gateway.wire.litellm_guardrail import parse_guardrail
from headgate.gateway.wire.ogr import parse_event, parse_heartbeat
from headgate.gateway.wire.ollama_dialect import OLLAMA
from headgate.gateway.wire.ollama_lines import LineParser
from headgate.gateway.wire.openai_chat_dialect import CHAT
from headgate.gateway.wire.openai_completions_dialect import COMPLETIONS
from headgate.gateway.wire.openai_embeddings import parse_embeddings, read_vectors
from headgate.gateway.wire.openai_images import parse_images, read_images
from headgate.gateway.wire.openai_moderations import parse_moderation
from headgate.gateway.wire.openai_responses_dialect import RESPONSES
from headgate.gateway.wire.sse import SseParser
from headgate.guard.effects import Generate
from headgate.models.errors import ConfigError, InputError, UpstreamError
from headgate.policies.compile import parse_policy

DIALECTS: Final = (CHAT, COMPLETIONS, RESPONSES, MESSAGES, OLLAMA)
POLICY: Final = parse_policy(
    "version: 1\nname: fuzz\nextends: default\n"
    "sampling: {temperature: {max: 1}, top_p: {max: 0.9}, n: {max: 2}, max_tokens: {max: 9}, system: Be kind.}\n"
)


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One reader, the error it may raise, and a few inputs that it knows."""

    read: Callable[[bytes], object]
    error: type[Exception]
    seeds: tuple[bytes, ...] = (b"{}",)


def _request(dialect: Dialect[Any, Any]) -> Callable[[bytes], object]:
    def read(raw: bytes) -> object:
        request = dialect.clamped(dialect.parse(raw), POLICY)
        redacted = tuple(part.path for part in request.parts)
        dialect.body(request, Generate(round=1, guidance="Be kind."), stream=request.stream, prefill=None)
        return dialect.body(request, Generate(round=1, redact=redacted), stream=request.stream, prefill=None)

    return read


def _answer(dialect: Dialect[Any, Any]) -> Callable[[bytes], object]:
    def read(raw: bytes) -> object:
        answer = dialect.answer(1)
        return dialect.read(raw, answer), dialect.usage([answer])

    return read


def _stream(dialect: Dialect[Any, Any]) -> Callable[[bytes], object]:
    def read(raw: bytes) -> object:
        answer, splitter = dialect.answer(1), dialect.splitter()
        for event in [*splitter.feed(raw), *splitter.finish()]:
            dialect.read_event(event, answer)
        return answer.tokens, answer.prompt_tokens, answer.ended, dialect.usage([answer])

    return read


def _usage(raw: bytes) -> object:
    reader = UsageReader()
    reader.feed(raw)
    return reader.usage()


def _sketch(raw: bytes) -> object:
    return sketch(raw, variants=True, tokens=True, user=True, key=b"key")


def _policy(raw: bytes) -> object:
    return parse_policy(raw.decode("utf-8", "replace"))


def _settings(raw: bytes) -> object:
    return read_text(raw.decode("utf-8", "replace"), file="fuzz.yaml", environment={"A": "b"})


_ASKS: Final = (
    b'{"model": "m", "messages": [{"role": "user", "content": "hi"}], "stream": true, "temperature": 2}',
    b'{"messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}], "system": "x", "tools": [{}]}',
    b'{"model": "m", "input": [{"role": "user", "content": "hi"}], "prompt": ["a", [1]], "n": 2, "instructions": "x"}',
    b'{"messages": [{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}]}',
)
_ANSWERS: Final = (
    b'{"choices": [{"index": 0, "message": {"content": "hi"}, "finish_reason": "stop"}], "usage": {}}',
    b'{"content": [{"type": "text", "text": "hi"}], "type": "message", "role": "assistant", "stop_reason": "end_turn"}',
    b'{"message": {"role": "assistant", "content": "hi"}, "done": true, "eval_count": 1}',
    b'{"output": [{"type": "message", "content": [{"type": "output_text", "text": "hi"}]}], "status": "completed"}',
)
_STREAMS: Final = tuple(b"event: x\ndata: " + answer + b"\n\ndata: [DONE]\n\n" for answer in _ANSWERS) + tuple(
    answer + b"\n" for answer in _ANSWERS
)
_EVENT: Final = (
    b'{"kind": "step/request", "step_id": "1", "agent_id": "", "agent_type": "", "agent_workspace": "",'
    b' "agent_user": "", "llm_protocol": "openai.chat", "payload": {"messages": [{"role": "user", "content": "a"}]}}'
)

ENTRIES: Final[dict[str, Entry]] = {
    **{f"{d.name}_request": Entry(read=_request(d), error=InputError, seeds=_ASKS) for d in DIALECTS},
    **{f"{d.name}_answer": Entry(read=_answer(d), error=UpstreamError, seeds=_ANSWERS) for d in DIALECTS},
    **{f"{d.name}_stream": Entry(read=_stream(d), error=UpstreamError, seeds=_STREAMS) for d in DIALECTS},
    "embeddings_request": Entry(read=parse_embeddings, error=InputError, seeds=_ASKS),
    "embeddings_answer": Entry(
        read=read_vectors, error=UpstreamError, seeds=(b'{"data": [{"index": 0, "embedding": [1]}]}',)
    ),
    "images_request": Entry(read=parse_images, error=InputError, seeds=(b'{"prompt": "a"}',)),
    "images_answer": Entry(
        read=lambda raw: read_images(raw, prompt="a"), error=UpstreamError, seeds=(b'{"data": [{"b64_json": "aaaa"}]}',)
    ),
    "moderations_request": Entry(read=parse_moderation, error=InputError, seeds=(b'{"input": ["a", "b"]}', *_ASKS)),
    "check_request": Entry(
        read=parse_checks, error=InputError, seeds=(b'[{"prompt": "a"}, {"response": "b"}]', *_ASKS)
    ),
    "guardrail_request": Entry(
        read=parse_guardrail, error=InputError, seeds=(b'{"input_type": "request", "texts": ["a"], "images": ["b"]}',)
    ),
    "ogr_request": Entry(read=parse_event, error=InputError, seeds=(_EVENT, _EVENT.replace(b"request", b"response"))),
    "heartbeat_request": Entry(read=parse_heartbeat, error=InputError, seeds=(b'{"integration": "a"}',)),
    "sketch": Entry(read=_sketch, error=InputError, seeds=_ASKS),
    "usage": Entry(read=_usage, error=UpstreamError, seeds=_ANSWERS),
    "policy": Entry(
        read=_policy, error=ConfigError, seeds=(b"version: 1\nname: a\nextends: default\ninput: {minor: refuse}\n",)
    ),
    "settings": Entry(
        read=_settings, error=ConfigError, seeds=(b"version: 1\nupstream: ${A}\nlimits: [requests=1/m]\n",)
    ),
}

SPLITTERS: Final = {"sse": SseParser, "lines": LineParser}
"""Readers of streams: however the same bytes are cut, the same events come."""


def holds(name: str, raw: bytes) -> None:
    """Raises where an entry breaks its promise for these bytes."""
    entry = ENTRIES[name]
    try:
        entry.read(raw)
    except entry.error as error:
        # What a caller or an upstream sent goes back to nobody whole; who wrote a file is shown the line.
        if entry.error is not ConfigError and len(str(error)) > 4000:
            raise ValueError("the error repeats its input") from error
