from __future__ import annotations

import re
from typing import Any

import pytest

from headgate.guard.conversation import arguments_of, parts_of
from headgate.guard.redact import MASK, masked_messages, redacted
from headgate.models.assessment import Severity
from headgate.models.content import Text
from headgate.policies.verdict import Action, Coverage, Finding, Missed, Verdict

MESSAGES = [
    {"role": "user", "content": [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]},
    {"role": "assistant", "content": "three", "reasoning_content": "four",
     "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "five"}}]},
    {"role": "tool", "tool_call_id": "1", "content": "six"},
]  # fmt: skip


@pytest.mark.parametrize("path", [part.path for part in parts_of(MESSAGES)])
def test_one_part_is_masked_and_every_other_stays(path: str) -> None:
    before = {part.path: part.text for part in parts_of(MESSAGES) if isinstance(part, Text)}
    after = {part.path: part.text for part in parts_of(masked_messages(MESSAGES, [path])) if isinstance(part, Text)}
    assert {key for key in before if before[key] != after[key]} == {path}
    assert after[path] in (MASK, "{}")


@pytest.mark.parametrize(
    ("call", "left"),
    [
        ({"custom": {"input": "b"}, "function": {"arguments": "a"}}, ("{}", "b")),
        ({"custom": None, "function": {"arguments": "a"}}, ("{}", None)),
        ({"custom": {"input": "b"}, "function": None}, (None, "{}")),
    ],
)
def test_the_mask_of_a_call_stands_where_its_arguments_were_read(
    call: dict[str, Any], left: tuple[str | None, str | None]
) -> None:
    (masked,) = masked_messages([{"role": "assistant", "tool_calls": [call]}], ["messages[0].tool_calls[0].arguments"])
    (found,) = masked["tool_calls"]
    function, custom = found["function"], found["custom"]
    assert (function and function["arguments"], custom and custom["input"]) == left
    assert arguments_of(found, "") == "{}"


WORDS = "some hidden words"


@pytest.mark.parametrize(
    ("message", "path"),
    [
        ({"function_call": {"name": "f", "arguments": WORDS}}, "function_call.arguments"),
        ({"function_call": {"name": "f", "arguments": {"a": WORDS}}}, "function_call.arguments"),
        (
            {"tool_calls": ({"function": {"arguments": "{}"}, "custom": {"input": WORDS}},)},
            "tool_calls[0].custom.input",
        ),
        ({"tool_calls": [{"function": {"name": WORDS, "arguments": "{}"}}]}, "tool_calls[0].function.name"),
        ({"content": [{"type": "text", "text": "x", "note": [WORDS]}]}, "content[0].note"),
        ({"name": WORDS}, "name"),
        ({"thinking": (WORDS,)}, "thinking"),
        ({"reasoning": [{"text": WORDS}]}, "reasoning"),
        ({"refusal": [WORDS]}, "refusal"),
    ],
)
def test_a_text_beside_the_conversation_is_masked_too(message: dict[str, Any], path: str) -> None:
    spoken = {"role": "assistant", "content": "three", **message}
    before = [part for part in parts_of([spoken]) if isinstance(part, Text) and WORDS in part.text]
    assert [part.path for part in before] == [f"messages[0].{path}"]
    (after,) = masked_messages([spoken], [f"messages[0].{path}"])
    assert WORDS not in repr(after)
    assert WORDS in repr(spoken)
    kept = {part.path: part.text for part in parts_of([spoken]) if isinstance(part, Text) and part not in before}
    assert kept.items() <= {part.path: part.text for part in parts_of([after]) if isinstance(part, Text)}.items()


def test_the_caller_s_own_messages_are_left_alone() -> None:
    copy = [dict(message) for message in MESSAGES]
    masked_messages(MESSAGES, ["messages[0].content[1]", "messages[1].tool_calls[0].arguments"])
    assert copy == MESSAGES


def test_a_path_outside_the_messages_is_an_error() -> None:
    for path in ("response[0].content", "tools[0]", "messages[9].name"):
        with pytest.raises(ValueError, match=re.escape(path)):
            masked_messages(MESSAGES, [path])


def test_what_is_to_be_masked_was_found_or_missed_and_is_named_once() -> None:
    def found(part: str, action: Action) -> Finding:
        return Finding(
            category="privacy", severity=Severity.MINOR, confidence=1, threshold=0, part=part, rule="", action=action
        )

    findings = (found("a", Action.REDACT), found("a", Action.REDACT), found("b", Action.FLAG))
    missed = Missed(part="c", reason="no_classifier", action=Action.REDACT)
    verdict = Verdict(action=Action.REDACT, findings=findings, coverage=Coverage(unjudged=(missed,)))
    assert redacted(verdict) == ("a", "c")
