from __future__ import annotations

from typing import Any

import msgspec
import pytest

from headgate.gateway.wire.openai_chat_request import parse_chat
from headgate.gateway.wire.openai_chat_upstream import clamped, upstream_body
from headgate.guard.conversation import with_note
from headgate.guard.effects import Generate
from headgate.guard.redact import MASK
from headgate.models.errors import InputError
from headgate.policies.compile import parse_policy

POLICY = parse_policy(
    """
version: 1
name: bounds
extends: default
sampling:
  temperature: {max: 0.7}
  top_p: {max: 1.0}
  n: {max: 2}
  max_tokens: {max: 100}
  drop: [logit_bias]
  system: Be kind.
"""
)
USER = {"role": "user", "content": "Hello"}


def chat(*messages: Any, **more: Any) -> Any:
    return parse_chat(msgspec.json.encode({"messages": list(messages) or [USER], **more}))


def sent(request: Any, *, stream: bool = False, **generate: Any) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(upstream_body(request, Generate(round=1, **generate), stream=stream))
    return found


def test_sampling_is_brought_within_bounds_and_the_rest_is_left_alone() -> None:
    body = sent(clamped(chat(temperature=1.9, top_p=0.5, n=5, max_tokens=999, logit_bias={"1": 5}, seed=3), POLICY))
    assert body == {
        "messages": [{"role": "system", "content": "Be kind."}, USER],
        "temperature": 0.7,
        "top_p": 0.5,
        "n": 2,
        "max_tokens": 100,
        "seed": 3,
    }


def test_a_value_left_out_is_set_where_the_usual_default_is_over_the_bound() -> None:
    body = sent(clamped(chat(), POLICY))
    assert (body["temperature"], body["max_tokens"]) == (0.7, 100)
    assert "top_p" not in body
    assert sent(clamped(chat(max_completion_tokens=500), POLICY))["max_completion_tokens"] == 100


def test_what_is_within_bounds_is_not_touched() -> None:
    request = clamped(chat(temperature=0.2, n=2, max_tokens=5), POLICY)
    assert request.n == 2
    assert (sent(request)["temperature"], sent(request)["max_tokens"]) == (0.2, 5)


@pytest.mark.parametrize("value", ["1", [1], True, {}])
def test_a_bounded_value_that_is_no_number_is_refused(value: Any) -> None:
    with pytest.raises(InputError) as caught:
        clamped(chat(temperature=value), POLICY)
    assert caught.value.param == "temperature"


def test_a_stream_is_asked_for_its_usage_and_a_whole_answer_for_no_stream() -> None:
    request = chat(stream=True, stream_options={"include_usage": False, "other": 1})
    assert sent(request, stream=True)["stream_options"] == {"include_usage": True}
    assert not sent(request).keys() & {"stream", "stream_options"}


def test_guidance_goes_into_the_leading_system_message_or_before_all() -> None:
    assert with_note([USER], "Note") == [{"role": "system", "content": "Note"}, USER]
    first = {"role": "developer", "content": "Own."}
    assert with_note([first, USER], "Note") == [{"role": "developer", "content": "Own.\n\nNote"}, USER]
    listed = {"role": "system", "content": [{"type": "text", "text": "Own."}]}
    assert with_note([listed, USER], "Note")[0]["content"][1] == {"type": "text", "text": "Note"}
    request = chat()
    assert sent(request, guidance="Note", n=4)["messages"][0]["content"] == "Note"
    assert sent(request, guidance="Note", n=4)["n"] == 4
    assert sent(request)["messages"] == [USER], "one round's note is not the next one's"


def test_every_path_that_can_be_judged_can_be_masked() -> None:
    messages = [
        {
            "role": "user",
            "content": [{"type": "text", "text": "secret words"}, {"type": "image_url", "image_url": "http://secret"}],
        },
        {
            "role": "assistant",
            "content": "secret words",
            "reasoning": "secret thoughts",
            "refusal": "secret no",
            "tool_calls": [
                {"type": "function", "function": {"name": "f", "arguments": "secret args"}},
                {"type": "custom", "custom": {"name": "g", "input": "secret input"}},
            ],
            "function_call": {"name": "h", "arguments": "secret call"},
        },
        {"role": "user", "name": "secret name", "content": "secret words", "a.b[0]": ["secret field"]},
        {"role": "assistant", "content": [{"type": "refusal", "refusal": "secret refusal"}], "audio": {"id": "secret"}},
    ]
    tools = [
        {"type": "function", "function": {"name": "f", "description": "secret tool", "parameters": {"secret key": {}}}}
    ]
    request = chat(*messages, tools=tools, documents=["secret document"], **{"x.y": "secret dots"})
    paths = tuple(part.path for part in request.parts)
    assert len(paths) == 16
    body = sent(request, redact=paths)
    assert "secret" not in msgspec.json.encode(body).decode()
    assert body["messages"][0]["content"] == [{"type": "text", "text": MASK}] * 2
    assert body["messages"][1]["tool_calls"][0]["function"] == {"name": "f", "arguments": "{}"}
    assert body["tools"][0]["function"]["name"] == "f"
    assert "secret" in msgspec.json.encode(request.body).decode(), "the caller's own request stays as it was"


def asked(request: Generate, *messages: dict[str, Any], **more: Any) -> dict[str, Any]:
    chat = parse_chat(msgspec.json.encode({"model": "m", "messages": list(messages)}))
    return msgspec.json.decode(upstream_body(chat, request, stream=False, **more))


USER = {"role": "user", "content": "A question."}


@pytest.mark.parametrize(("prefill", "switches"), [("message", {}), ("vllm", {"continue_final_message": True})])
def test_a_continued_answer_is_the_last_message_after_everything_else(prefill: Any, switches: dict[str, bool]) -> None:
    request = Generate(round=2, guidance="Note.", turns=(("user", "Again."),), prefix="It begins")
    body = asked(request, USER, prefill=prefill)
    assert [message["role"] for message in body["messages"]] == ["system", "user", "user", "assistant"]
    assert body["messages"][-1]["content"] == "It begins"
    assert body.get("continue_final_message") == switches.get("continue_final_message")
    assert body.get("add_generation_prompt") == (False if switches else None)


def test_a_rewritten_prompt_stands_in_for_the_last_user_message_and_keeps_its_images() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,"}}
    answer = {"role": "assistant", "content": "An answer."}
    last = {"role": "user", "content": [{"type": "text", "text": "Old."}, image], "name": "ann"}
    messages = asked(Generate(round=2, prompt="New."), USER, answer, last)["messages"]
    assert messages[:2] == [USER, answer]
    assert messages[2] == {"role": "user", "content": [{"type": "text", "text": "New."}, image], "name": "ann"}
    assert asked(Generate(round=2, prompt="New."), USER)["messages"] == [{"role": "user", "content": "New."}]


def test_a_policys_note_does_not_move_the_mask_to_a_neighbour() -> None:
    said = [{"role": "user", "content": text} for text in ("a secret", "Hello")]
    request = clamped(chat(*said, functions=[{"name": "a secret"}]), POLICY)
    found = sent(request, redact=("messages[0].content", "functions[0]"))
    assert [message["content"] for message in found["messages"]] == ["Be kind.", MASK, "Hello"]
    assert found["functions"] == [{"name": MASK}]
