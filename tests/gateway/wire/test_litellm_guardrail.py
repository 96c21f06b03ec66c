from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.gateway.wire.litellm_guardrail import parse_guardrail, reply
from headgate.gateway.wire.openai_chat_request import MOST_PARTS
from headgate.guard.effects import Delta, Finish
from headgate.guard.redact import MASK
from headgate.guard.sources import events_of
from headgate.models.assessment import Severity
from headgate.models.content import Role
from headgate.models.errors import InputError
from headgate.policies.compile import parse_policy
from headgate.policies.verdict import Action, Finding, Verdict

ENFORCE = "version: 1\nname: test\nextends: default\n"
ROWS: list[dict[str, Any]] = [
    {"role": "system", "content": "Be kind."},
    {"role": "user", "content": [{"type": "text", "text": "Hello."}, {"type": "text", "text": "Hello."}]},
    {"role": "tool", "tool_call_id": "1", "content": "Fetched."},
]
IMAGE = "https://example.org/a.png"


def parse(**body: Any) -> Any:
    return parse_guardrail(json.dumps({"input_type": "request", **body}).encode())


def finding(part: str, action: Action, category: str = "privacy") -> Finding:
    return Finding(
        category=category,
        severity=Severity.MODERATE,
        confidence=0.9,
        threshold=0.5,
        part=part,
        rule="test",
        action=action,
    )


def answer(asked: Any, *findings: Finding, delivery: Any = "delivered", policy: str = ENFORCE) -> Any:
    action = max((one.action for one in findings), default=Action.ALLOW)
    finish = Finish(verdict=Verdict(action=action, findings=findings), delivery=delivery, message="No.")
    return json.loads(reply(asked, finish, parse_policy(policy)))


def test_texts_of_messages_are_judged_in_their_roles_and_each_once() -> None:
    asked = parse(texts=["Be kind.", "Hello.", "Hello.", "Fetched."], structured_messages=ROWS)
    assert [(part.path, part.role) for part in asked.parts] == [
        ("messages[0].content", Role.SYSTEM),
        ("messages[1].content[0]", Role.USER),
        ("messages[1].content[1]", Role.USER),
        ("messages[2].content", Role.TOOL_RESULT),
    ]
    assert asked.slots == tuple(part.path for part in asked.parts)


def test_what_no_message_holds_is_judged_beside_them() -> None:
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
    tool = {"type": "function", "function": {"name": "f", "description": "Reads a whole file."}}
    asked = parse(
        texts=["Alone."], structured_messages=ROWS[:1], images=[IMAGE], tool_calls=[call], tools=[tool], model="m"
    )
    assert [part.path for part in asked.parts] == [
        "messages[0].content",
        "tools[0]",
        "texts[0]",
        "images[0]",
        "tool_calls[0].arguments",
    ]


def test_a_name_and_an_id_of_a_call_that_no_message_holds_are_judged_too() -> None:
    call = {"id": "do as I say", "type": "function", "function": {"name": "and tell them", "arguments": "{}"}}
    asked = parse(tool_calls=[call], additional_provider_specific_params={"purpose": "t2i"})
    assert [(part.path, part.text, part.role, part.purpose) for part in asked.parts] == [
        ("tool_calls[0].arguments", "{}", Role.TOOL_CALL, "t2i"),
        ("tool_calls[0].function.name", "and tell them", Role.TOOL_CALL, "t2i"),
        ("tool_calls[0].id", "do as I say", Role.TOOL_CALL, "t2i"),
    ]
    held = parse(structured_messages=[{"role": "assistant", "tool_calls": [call]}], tool_calls=[call])
    assert not any(part.path.startswith("tool_calls") for part in held.parts)
    answered = parse(input_type="response", tool_calls=[call])
    judged = [event.channel.path for event in events_of(answered.responses) if isinstance(event, Delta)]
    call_of = "response[0].tool_calls[0]"
    assert judged == [f"{call_of}.arguments", f"{call_of}.function.name", f"{call_of}.id"]
    assert answered.made == ()


def test_an_image_or_a_call_that_a_message_holds_is_judged_once() -> None:
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    rows = [
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": IMAGE}}]},
        {"role": "assistant", "content": None, "tool_calls": [call]},
    ]
    asked = parse(structured_messages=rows, images=[IMAGE], tool_calls=[call])
    assert [part.path for part in asked.parts] == ["messages[0].content[0]", "messages[1].tool_calls[0].arguments"]


def test_an_answer_is_its_texts_calls_and_images() -> None:
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    asked = parse(input_type="response", texts=["One.", "Two."], tool_calls=[call], images=[IMAGE])
    assert asked.responses == ({"content": "One.", "tool_calls": [call]}, {"content": "Two."})
    assert [part.role for part in asked.made] == [Role.ASSISTANT]
    assert asked.slots == ("response[0].content", "response[1].content")


def test_what_is_asked_for_an_image_generator_says_so() -> None:
    asked = parse(texts=["A castle."], additional_provider_specific_params={"purpose": "t2i", "other": 1})
    assert [part.purpose for part in asked.parts] == ["t2i"]


def test_what_passes_is_none() -> None:
    assert answer(parse(texts=["a"]), finding("texts[0]", Action.FLAG)) == {"action": "NONE"}


@pytest.mark.parametrize(("action", "delivery"), [(Action.REFUSE, "refused"), (Action.SUPPORT, "supported")])
def test_what_is_stopped_is_blocked_with_the_words_for_the_caller(action: Action, delivery: str) -> None:
    said = answer(parse(texts=["a"]), finding("texts[0]", action), delivery=delivery)
    assert said == {"action": "BLOCKED", "blocked_reason": "No."}


def test_an_answer_that_would_be_made_again_is_blocked() -> None:
    asked = parse(input_type="response", texts=["a"])
    said = answer(asked, finding("response[0].content", Action.REGENERATE), delivery="withheld")
    assert said["action"] == "BLOCKED"


def test_a_mask_goes_into_the_text_and_the_message_that_holds_it() -> None:
    asked = parse(texts=["Be kind.", "Hello.", "Hello.", "Fetched."], structured_messages=ROWS)
    said = answer(asked, finding("messages[1].content[1]", Action.REDACT))
    assert said["action"] == "GUARDRAIL_INTERVENED"
    assert said["texts"] == ["Be kind.", "Hello.", MASK, "Fetched."]
    assert said["structured_messages"][1]["content"] == [ROWS[1]["content"][0], {"type": "text", "text": MASK}]
    assert said["structured_messages"][0] == ROWS[0]


def test_an_answer_is_masked_and_a_call_of_it_cannot_be() -> None:
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    asked = parse(input_type="response", texts=["One.", "Two."], tool_calls=[call])
    said = answer(asked, finding("response[1].content", Action.REDACT), delivery="withheld")
    assert said["texts"] == ["One.", MASK]
    path = "response[0].tool_calls[0].arguments"
    assert answer(asked, finding(path, Action.REDACT), delivery="withheld")["action"] == "BLOCKED"


def test_guidance_goes_into_the_messages_where_there_are_any() -> None:
    found = finding("messages[1].content[0]", Action.GUIDELINE, "violence")
    said = answer(parse(texts=["Be kind."], structured_messages=ROWS), found)
    first = said["structured_messages"][0]["content"]
    assert first.startswith("Be kind.\n\n")
    assert "Violence" in first
    assert said["texts"] == ["Be kind."]
    assert answer(parse(texts=["a"]), finding("texts[0]", Action.GUIDELINE)) == {"action": "NONE"}


def test_monitoring_holds_nothing_back() -> None:
    policy = ENFORCE + "mode: monitor\n"
    assert answer(parse(texts=["a"]), finding("texts[0]", Action.REFUSE), policy=policy) == {"action": "NONE"}


def test_of_a_stream_the_unfinished_sentence_waits() -> None:
    text = "This first sentence is done, and long enough. And this one is"
    asked = parse(input_type="response", texts=[text, "Short"])
    assert answer(asked) == {"action": "NONE", "stream_holdback_chars": [len("And this one is"), 5]}
    whole = ENFORCE + "stream: {hold: answer}\n"
    assert answer(asked, policy=whole)["stream_holdback_chars"] == [len(text), 5]


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"input_type": "both"}, "input_type"),
        ({"texts": "a"}, "texts"),
        ({"texts": [1]}, "texts"),
        ({"tool_calls": ["f"]}, "tool_calls"),
        ({"tool_calls": [{}]}, "tool_calls[0]"),
        ({"structured_messages": [{"role": "x"}]}, "messages[0].role"),
        ({"additional_provider_specific_params": {"purpose": "x"}}, "additional_provider_specific_params.purpose"),
        ({"input_type": "response", "structured_messages": 1}, "structured_messages"),
    ],
)
def test_a_faulty_body_names_its_field(body: dict[str, Any], param: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(**body)
    assert caught.value.param == param


@pytest.mark.parametrize("side", ["request", "response"])
def test_a_call_of_very_many_fields_is_refused_on_either_side(side: str) -> None:
    call = {"type": "function", "function": {"name": "f", "arguments": "{}"}}
    call |= {f"field{number}": f"word {number}" for number in range(MOST_PARTS + 1)}
    with pytest.raises(InputError, match="more than"):
        parse(input_type=side, texts=["a"], tool_calls=[call])
