from __future__ import annotations

from typing import Any

import msgspec
import pytest

from headgate.gateway.wire.anthropic_request import parse_messages
from headgate.gateway.wire.anthropic_upstream import clamped_messages, count_body, messages_body
from headgate.gateway.wire.dialect import Request
from headgate.guard.effects import Generate
from headgate.guard.redact import MASK
from headgate.models.errors import InputError
from headgate.policies.compile import parse_policy

POLICY = parse_policy(
    "version: 1\nname: t\nextends: default\n"
    "sampling: {temperature: {max: 0.5}, top_k: {max: 10}, max_tokens: {max: 100}, drop: [seed], system: Be kind.}\n"
)
ASK: list[Any] = [{"role": "user", "content": "Hello"}]


def parse(**body: Any) -> Request:
    return parse_messages(msgspec.json.encode({"model": "m", "messages": ASK, **body}))


def sent(request: Request, *, stream: bool = False, **more: Any) -> dict[str, Any]:
    raw = messages_body(request, Generate(round=1, **more), stream=stream, prefill=None)
    found: dict[str, Any] = msgspec.json.decode(raw)
    return found


def test_sampling_is_bounded_and_the_system_prompt_enforced() -> None:
    body = sent(clamped_messages(parse(temperature=1, top_k=50, seed=3, max_tokens=1000), POLICY))
    assert (body["temperature"], body["top_k"], body["max_tokens"], body["system"]) == (0.5, 10, 100, "Be kind.")
    assert "seed" not in body
    assert clamped_messages(parse(), POLICY).body["max_tokens"] == 100
    with pytest.raises(InputError):
        clamped_messages(parse(temperature="hot"), POLICY)


def test_the_policys_system_prompt_outlives_a_mask_over_the_callers() -> None:
    request = clamped_messages(parse(system="a secret"), POLICY)
    assert sent(request, redact=("system",))["system"] == f"{MASK}\n\nBe kind."
    assert msgspec.json.decode(count_body(request, ("system",)))["system"] == f"{MASK}\n\nBe kind."


def test_a_model_that_thinks_keeps_its_own_sampling_and_cannot_escape_the_bounds() -> None:
    thinking = {"type": "enabled", "budget_tokens": 1024}
    assert "temperature" not in clamped_messages(parse(thinking=thinking), POLICY).body
    assert clamped_messages(parse(thinking=thinking, temperature=1), POLICY).body["temperature"] == 0.5


def test_a_round_goes_out_as_it_came_but_for_the_stream_flag() -> None:
    request = parse(system="S", tools=[], stream=False)
    assert sent(request, stream=True) == {**request.body, "stream": True}


def test_guidance_stands_after_the_systems_own_words() -> None:
    assert sent(parse(), guidance="Mind.")["system"] == "Mind."
    assert sent(parse(system="S"), guidance="Mind.")["system"] == "S\n\nMind."
    blocks = [{"type": "text", "text": "S"}]
    assert sent(parse(system=blocks), guidance="Mind.")["system"] == [*blocks, {"type": "text", "text": "Mind."}]


def test_turns_and_a_prefix_follow_the_conversation() -> None:
    found = sent(parse(), turns=(("assistant", "w"), ("user", "c")), prefix="Start")["messages"]
    assert [(m["role"], m["content"]) for m in found[1:]] == [("assistant", "w"), ("user", "c"), ("assistant", "Start")]


def test_a_reworded_prompt_keeps_results_first() -> None:
    result = {"type": "tool_result", "tool_use_id": "t", "content": "4"}
    content = [result, {"type": "text", "text": "old"}]
    request = parse(messages=[{"role": "user", "content": content}, {"role": "assistant", "content": "…"}])
    assert sent(request, prompt="new")["messages"][0]["content"] == [result, {"type": "text", "text": "new"}]
    assert sent(parse(), prompt="new")["messages"] == [{"role": "user", "content": "new"}]


def test_what_is_redacted_reaches_neither_the_model_nor_the_counter() -> None:
    assert sent(parse(), redact=("messages[0].content",))["messages"] == [{"role": "user", "content": MASK}]
    counted = msgspec.json.decode(count_body(parse(), ["messages[0].content"]))
    assert counted["messages"] == [{"role": "user", "content": MASK}]
