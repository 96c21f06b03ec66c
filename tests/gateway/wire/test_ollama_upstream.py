from __future__ import annotations

from typing import Any

import msgspec
import pytest

from headgate.gateway.wire.ollama_request import parse_ollama
from headgate.gateway.wire.ollama_upstream import clamped_ollama, ollama_body
from headgate.guard.effects import Generate
from headgate.guard.redact import MASK
from headgate.models.content import Text
from headgate.policies.compile import parse_policy

POLICY = parse_policy(
    "version: 1\nname: t\nextends: default\n"
    "sampling: {temperature: {max: 0.5}, max_tokens: {max: 100}, drop: [seed], system: Be kind.}\n"
)
ASK: list[Any] = [{"role": "user", "content": "Hello", "images": ["AAEC", "AAED"]}]


def parse(**body: Any) -> Any:
    return parse_ollama(msgspec.json.encode({"model": "m", "messages": ASK, **body}))


def sent(request: Any, **more: Any) -> Any:
    return msgspec.json.decode(ollama_body(request, Generate(round=1, **more), stream=True, prefill=None))


@pytest.mark.parametrize(("asked", "given"), [(None, 100), (-1, 100), (500, 100), (7, 7)])
def test_options_are_bounded_and_no_end_is_over_any_bound(asked: int | None, given: int) -> None:
    options = {"num_predict": asked, "temperature": 2, "seed": 1}
    body = sent(clamped_ollama(parse(options=options), POLICY))
    assert body["options"] == {"num_predict": given, "temperature": 0.5}
    assert body["messages"][0] == {"role": "system", "content": "Be kind."}


def test_a_round_says_that_it_streams_for_ollama_would_assume_it() -> None:
    assert sent(parse()) == {"model": "m", "messages": ASK, "stream": True}
    body = ollama_body(parse(), Generate(round=1), stream=False, prefill=None)
    assert msgspec.json.decode(body)["stream"] is False


def test_guidance_another_prompt_turns_and_a_prefix() -> None:
    found = sent(parse(), guidance="Mind.", prompt="New", turns=(("assistant", "w"),), prefix="Start")["messages"]
    assert [(m["role"], m["content"]) for m in found] == [
        ("system", "Mind."), ("user", "New"), ("assistant", "w"), ("assistant", "Start"),
    ]  # fmt: skip


def test_what_is_redacted_does_not_go_out() -> None:
    call = {"function": {"name": "f", "arguments": {"q": "secret"}}}
    request = parse(
        messages=[*ASK, {"role": "assistant", "content": "x", "tool_calls": [call]}],
        tools=[{"function": {"name": "f", "description": "a secret tool"}}],
    )
    found = sent(request, redact=tuple(part.path for part in request.parts if part.path != "messages[0].images[1]"))
    assert found["messages"][0] == {"role": "user", "content": MASK, "images": ["AAED"]}
    assert found["messages"][1]["tool_calls"] == [{"function": {"name": "f", "arguments": {}}}]
    assert found["tools"] == [{"function": {"name": "f", "description": MASK}}]


def test_a_policys_note_does_not_move_the_mask_to_a_neighbour() -> None:
    request = clamped_ollama(parse(messages=[{"role": "user", "content": "a secret"}, *ASK]), POLICY)
    found = sent(request, redact=(request.parts[0].path,))["messages"]
    assert [message["content"] for message in found] == ["Be kind.", MASK, "Hello"]


def test_a_call_without_arguments_has_none_to_mask_and_its_other_words_are_masked() -> None:
    call = {"id": "some hidden words", "function": {"name": "f", "note": "a hidden note"}}
    request = parse(messages=[*ASK, {"role": "assistant", "content": "x", "tool_calls": [call]}])
    found = sent(request, redact=tuple(part.path for part in request.parts if isinstance(part, Text)))
    assert found["messages"][1]["tool_calls"] == [{"id": MASK, "function": {"name": "f", "note": MASK}}]
