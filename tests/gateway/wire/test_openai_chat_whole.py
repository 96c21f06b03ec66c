from __future__ import annotations

import msgspec

from headgate.gateway.wire.openai_chat_answer import Answer
from headgate.gateway.wire.openai_chat_whole import (
    delivered,
    estimated,
    filter_result,
    refusal_error,
    refused,
    summed,
    verdict_comment,
)
from headgate.guard.effects import Finish
from headgate.models.assessment import Severity
from headgate.models.taxonomy import SLUGS
from headgate.policies.verdict import Action, Finding, Round, Verdict


def finding(category: str, severity: Severity = Severity.MODERATE) -> Finding:
    return Finding(
        category=category, severity=severity, confidence=0.9, threshold=0.5, part="x", rule="r", action=Action.REFUSE
    )


def test_fields_that_nothing_judged_are_left_out_and_the_rest_stays() -> None:
    message = {
        "role": "assistant",
        "content": [{"type": "text", "text": "a", "note": "hidden"}],
        "audio": {"transcript": "hidden"},
        "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": ""}, "extra": "hidden"}],
    }
    choice = {"index": 0, "message": message, "logprobs": {"content": []}, "finish_reason": "stop", "other": "hidden"}
    raw = msgspec.json.encode({"id": "1", "choices": [choice], "usage": {"total_tokens": 3}})
    found = msgspec.json.decode(delivered(Answer(raw=raw), choice=None, usage={"total_tokens": 8}))
    assert "hidden" not in str(found)
    assert found["choices"][0]["message"]["content"] == "a"
    assert found["choices"][0]["logprobs"] == {"content": []}
    assert (found["id"], found["usage"]) == ("1", {"total_tokens": 8})


def test_what_was_judged_is_what_is_read_where_a_key_stood_twice() -> None:
    raw = b'{"choices": [{"index": 0, "message": {"content": "first", "content": "judged"}}]}'
    found = delivered(Answer(raw=raw), choice=None, usage=None)
    assert b"first" not in found
    assert found.count(b"content") == 1


def test_usage_adds_up_over_rounds_in_depth() -> None:
    one = {"total_tokens": 3, "details": {"cached": 1}, "tier": "a"}
    other = {"total_tokens": 4, "details": {"cached": 2, "audio": 1}, "extra": 1}
    assert summed([one, None, other]) == {
        "total_tokens": 7,
        "details": {"cached": 3, "audio": 1},
        "tier": "a",
        "extra": 1,
    }
    assert summed([None]) is None
    assert one["total_tokens"] == 3


def test_a_refusal_says_so_in_every_choice_and_help_is_content() -> None:
    verdict = Verdict(action=Action.REFUSE)
    finish = Finish(verdict=verdict, delivery="refused", message="No.")
    body = msgspec.json.decode(refused(finish, identity="i", head={"model": "m"}, n=2, usage=None))
    assert [choice["message"]["refusal"] for choice in body["choices"]] == ["No.", "No."]
    assert {choice["finish_reason"] for choice in body["choices"]} == {"content_filter"}
    assert (body["id"], body["model"]) == ("chatcmpl-i", "m")
    finish = Finish(verdict=verdict, delivery="supported", message="Help.")
    (choice,) = msgspec.json.decode(refused(finish, identity="i", head={}, n=1, usage=None))["choices"]
    assert (choice["message"]["content"], choice["message"]["refusal"]) == ("Help.", None)


def test_the_error_names_what_was_filtered_in_azures_words() -> None:
    result = filter_result([finding("insult"), finding("discrimination", Severity.MINOR), finding("privacy")])
    assert result["hate"] == {"filtered": True, "severity": "medium"}
    assert result["violence"] == {"filtered": False, "severity": "safe"}
    assert result["privacy"] == {"filtered": True, "severity": "medium"}
    assert result["jailbreak"] == {"filtered": False, "detected": False}
    assert filter_result([finding("prompt_attack")])["jailbreak"]["detected"]


def test_every_category_finds_its_place_in_the_error() -> None:
    for slug in SLUGS:
        result = filter_result([finding(slug, Severity.SEVERE)])
        assert {"filtered": True, "severity": "high"} in result.values() or result["jailbreak"]["filtered"]


def test_the_error_says_whether_prompt_or_answer_was_refused() -> None:
    asked = Finish(verdict=Verdict(action=Action.REFUSE), delivery="refused", message="No.")
    assert refusal_error(asked)["error"]["param"] == "messages"
    drawn = Verdict(action=Action.REFUSE, rounds=(Round(round=1, strategy="request", action=Action.REFUSE),))
    assert refusal_error(Finish(verdict=drawn, delivery="refused"))["error"]["param"] is None


def test_the_comment_holds_the_canonical_verdict() -> None:
    verdict = Verdict(action=Action.ALLOW)
    assert verdict_comment(verdict) == b"headgate " + verdict.to_json()


def test_a_helpers_text_stands_in_for_all_that_upstream_said() -> None:
    message = {"role": "assistant", "content": "Bad.", "reasoning_content": "Bad thoughts."}
    raw = msgspec.json.encode({"id": "1", "choices": [{"index": 0, "message": message, "finish_reason": "length"}]})
    body = msgspec.json.decode(delivered(Answer(raw=raw), choice=None, usage=None, text="Good."))
    (choice,) = body["choices"]
    assert choice["message"] == {"role": "assistant", "content": "Good.", "refusal": None}
    assert choice["finish_reason"] == "stop"
    assert b"Bad" not in msgspec.json.encode(body)


def test_usage_that_nobody_said_is_estimated_and_stays_marked_in_a_sum() -> None:
    guess = estimated(Answer(asked=9, said=4))
    assert guess == {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4, "estimated": True}
    total = summed([guess, guess, {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}])
    assert total == {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10, "estimated": True}
