from __future__ import annotations

from collections.abc import Iterator

import openai
import pytest

from headgate.examples.demo_upstream import SCRIPT, running


@pytest.fixture(scope="module")
def client() -> Iterator[openai.OpenAI]:
    with running() as url:
        yield openai.OpenAI(base_url=url, api_key="x", max_retries=0)


@pytest.mark.parametrize("line", SCRIPT)
def test_it_misbehaves_at_first_and_behaves_under_a_system_note(
    client: openai.OpenAI, line: tuple[str, str, str]
) -> None:
    cue, first, steered = line
    asked = {"role": "user", "content": f"About {cue}?"}
    note = {"role": "system", "content": "Be kind."}
    for messages, expected in (([asked], first), ([note, asked], steered)):
        answer = client.chat.completions.create(model="demo", messages=messages)  # type: ignore[arg-type]
        assert answer.choices[0].message.content == expected
        assert answer.usage is not None
        chunks = list(client.chat.completions.create(model="demo", messages=messages, stream=True))  # type: ignore[call-overload]
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == expected


def test_every_choice_and_the_usage_of_a_stream_come(client: openai.OpenAI) -> None:
    asked = [{"role": "user", "content": "hello"}]
    answer = client.chat.completions.create(model="demo", messages=asked, n=2)  # type: ignore[arg-type]
    assert len(answer.choices) == 2
    options = {"include_usage": True}
    chunks = list(client.chat.completions.create(model="demo", messages=asked, stream=True, stream_options=options))  # type: ignore[call-overload]
    assert chunks[-1].usage.total_tokens > 0


def test_it_calls_a_tool_where_it_is_offered_one(client: openai.OpenAI) -> None:
    tool = {"type": "function", "function": {"name": "look", "parameters": {}}}
    asked = [{"role": "user", "content": "How is the weather?"}]
    answer = client.chat.completions.create(model="demo", messages=asked, tools=[tool])  # type: ignore[call-overload]
    assert answer.choices[0].finish_reason == "tool_calls"
    assert answer.choices[0].message.tool_calls[0].function.name == "look"
    chunks = list(client.chat.completions.create(model="demo", messages=asked, tools=[tool], stream=True))  # type: ignore[call-overload]
    calls = [call for chunk in chunks for call in chunk.choices[0].delta.tool_calls or ()]
    assert [call.function.name for call in calls] == ["look"]


def test_it_lists_its_model_and_refuses_what_it_cannot_read(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["demo"]
    with pytest.raises(openai.BadRequestError):
        client.post("/chat/completions", cast_to=object, body={})
