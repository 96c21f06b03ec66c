from __future__ import annotations

import copy
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.gateway.wire.openai_responses_request import ResponsesRequest, parse_responses
from headgate.gateway.wire.openai_responses_upstream import clamped, reworded, upstream_body
from headgate.guard.effects import Generate
from headgate.guard.redact import MASK
from headgate.models.errors import InputError
from headgate.policies.compile import parse_policy

ASK: dict[str, Any] = {"model": "m", "input": "Hello."}
POLICY = "version: 1\nname: x\nextends: default\n"


def asked(**body: Any) -> ResponsesRequest:
    return parse_responses(msgspec.json.encode({**ASK, **body}))


def sent(request: ResponsesRequest, *, stream: bool = False, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(upstream_body(request, Generate(round=1, **more), stream=stream))
    return found


def test_a_first_round_is_the_callers_own_request() -> None:
    assert sent(asked()) == ASK
    assert sent(asked(stream=True, stream_options={"include_obfuscation": False}), stream=True) == {
        **ASK,
        "stream": True,
        "stream_options": {"include_obfuscation": False},
    }


def test_guidance_stands_beneath_the_callers_instructions() -> None:
    assert sent(asked(), guidance="Be kind.")["instructions"] == "Be kind."
    assert sent(asked(instructions="Be brief."), guidance="Be kind.")["instructions"] == "Be brief.\n\nBe kind."


def test_turns_follow_the_input_whatever_its_form() -> None:
    turns = (("assistant", "So."), ("user", "Again."))
    more = [{"role": "assistant", "content": "So."}, {"role": "user", "content": "Again."}]
    assert sent(asked(), turns=turns)["input"] == [{"role": "user", "content": "Hello."}, *more]
    items = [{"role": "user", "content": "Hi."}]
    assert sent(asked(input=items), turns=turns)["input"] == [*items, *more]


def test_another_prompt_stands_in_for_the_users_last() -> None:
    assert reworded("Old.", "New.") == "New."
    image = {"type": "input_image", "image_url": "u"}
    items = [
        {"role": "user", "content": "First."},
        {"role": "user", "content": [{"type": "input_text", "text": "Old."}, image]},
        {"role": "assistant", "content": "So."},
    ]
    assert reworded(items, "New.")[1]["content"] == [{"type": "input_text", "text": "New."}, image]
    assert reworded([], "New.") == [{"role": "user", "content": "New."}]


@pytest.mark.parametrize(
    ("body", "path", "place"),
    [
        ({}, "input", MASK),
        ({"instructions": "Be bad."}, "instructions", MASK),
        ({"input": [{"role": "user", "content": "x"}]}, "input[0].content", MASK),
        (
            {"input": [{"role": "user", "content": [{"type": "input_text", "text": "x"}]}]},
            "input[0].content[0]",
            {"type": "input_text", "text": MASK},
        ),
        (
            {"input": [{"role": "assistant", "content": [{"type": "refusal", "refusal": "x"}]}]},
            "input[0].content[0]",
            {"type": "refusal", "refusal": MASK},
        ),
        (
            {"input": [{"role": "user", "content": [{"type": "input_file", "file_data": "x"}]}]},
            "input[0].content[0]",
            {"type": "input_text", "text": MASK},
        ),
        ({"input": [{"type": "function_call", "arguments": '{"a": 1}'}]}, "input[0].arguments", "{}"),
        ({"input": [{"type": "function_call_output", "output": "x"}]}, "input[0].output", MASK),
        ({"tools": [{"type": "function", "name": "f", "description": "some words"}]}, "tools[0].description", MASK),
    ],
)
def test_a_redacted_part_is_masked_in_its_own_shape(body: dict[str, Any], path: str, place: Any) -> None:
    request = asked(**body)
    before = copy.deepcopy(request.body)
    found: Any = sent(request, redact=("tools[0]" if path.startswith("tools") else path,))
    for step in path.replace("]", "").replace("[", ".").split("."):
        found = found[int(step) if step.isdigit() else step]
    assert found == place
    assert request.body == before


def test_what_stands_for_unseen_text_is_taken_out() -> None:
    request = asked(
        previous_response_id="resp_1",
        input=[{"id": "msg_1"}, {"type": "reasoning", "id": "rs", "summary": [], "encrypted_content": "x"}],
        tools=[{"type": "web_search"}, {"type": "function", "name": "f"}],
    )
    body = sent(request, redact=[part.path for part in request.parts])
    assert "previous_response_id" not in body
    assert body["input"] == [{"role": "user", "content": MASK}, {"type": "reasoning", "id": "rs", "summary": []}]
    assert body["tools"] == [{"type": "function", "name": "f"}]


def test_sampling_is_held_within_the_policys_bounds() -> None:
    policy = parse_policy(POLICY + "sampling: {temperature: {max: 0.5}, max_tokens: {max: 50}, system: Be kind.}\n")
    request = clamped(asked(temperature=2, max_output_tokens=500, logit_bias={}, instructions="Hm."), policy)
    body = sent(request)
    assert (body["temperature"], body["max_output_tokens"]) == (0.5, 50)
    assert body["instructions"] == "Hm.\n\nBe kind."
    assert "logit_bias" not in body
    assert sent(request, redact=("instructions",))["instructions"] == f"{MASK}\n\nBe kind."
    left_out = clamped(asked(), policy)
    assert (left_out.body["temperature"], left_out.body["max_output_tokens"]) == (0.5, 50)
    assert left_out.instructions is None


def test_a_bounded_value_that_is_no_number_is_refused() -> None:
    with pytest.raises(InputError, match="'temperature'"):
        clamped(asked(temperature="hot"), parse_policy(POLICY))


_item = st.one_of(
    st.builds(lambda text: {"role": "user", "content": text}, st.text()),
    st.builds(lambda text: {"role": "user", "content": [{"type": "input_text", "text": text}]}, st.text()),
    st.builds(lambda text: {"type": "function_call", "name": "f", "call_id": "c", "arguments": text}, st.text()),
    st.builds(lambda text: {"type": "web_search_call", "id": "w", "action": {"query": text}}, st.text()),
    st.builds(lambda name: {"id": name}, st.text(min_size=1)),
)


@settings(deadline=None)
@given(st.lists(_item, min_size=1, max_size=6), st.data())
def test_any_part_can_be_masked_and_the_rest_stays(items: list[Any], data: st.DataObject) -> None:
    request = asked(input=items)
    paths = data.draw(st.lists(st.sampled_from([part.path for part in request.parts] or ["nothing"]), unique=True))
    body = sent(request, redact=tuple(paths))
    again = parse_responses(msgspec.json.encode(body))
    kept = {part.path: part for part in again.parts}
    for part in request.parts:
        if part.path not in paths:
            assert kept[part.path].path == part.path
        elif part.path in kept and hasattr(part, "text"):
            assert getattr(kept[part.path], "text", MASK) in (MASK, "{}")
