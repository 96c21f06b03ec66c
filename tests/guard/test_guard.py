"""One call, one verdict; and nothing gets through because a classifier failed."""

from __future__ import annotations

import math
import threading
from pathlib import Path
from typing import Any

import pytest

from headgate import Action, ConfigError, Guard, InputError
from headgate.guard.guard import PROBE
from headgate.models.assessment import Unjudged
from headgate.models.fakes import FakeClassifier, scores
from headgate.policies.verdict import Degraded

BAD = {
    "rotten": scores(unsafe=0.9, severity=2, categories={"violence": 0.9}),
    "dreadful": scores(unsafe=0.95, severity=3),
}


@pytest.fixture
def guard():
    with Guard("default", FakeClassifier(BAD), workers=2) as made:
        yield made


def test_a_safe_prompt_is_allowed_and_said_to_be_judged(guard: Guard) -> None:
    verdict = guard.check("Hello")
    assert verdict.action is Action.ALLOW
    assert verdict.coverage.judged == ("messages[0].content",)
    assert verdict.policy == "default"
    assert verdict.models == ("fake@fake0000",)


@pytest.mark.parametrize(
    ("prompt", "response", "action"),
    [
        ("rotten", None, Action.GUIDELINE),
        ("dreadful", None, Action.REFUSE),
        ("Hello", "rotten", Action.REGENERATE),
        ("Hello", "dreadful", Action.REFUSE),
        ("dreadful", "Hello", Action.REFUSE),
        (None, "rotten", Action.REGENERATE),
    ],
)
async def test_check_and_acheck_agree_to_the_byte(guard: Guard, prompt: str, response: str, action: Action) -> None:
    verdict = guard.check(prompt, response=response)
    assert verdict.action is action
    assert (await guard.acheck(prompt, response=response)).to_json() == verdict.to_json()


@pytest.mark.parametrize(
    ("message", "path"),
    [
        ({"function_call": {"name": "f", "arguments": "a rotten thing"}}, "function_call.arguments"),
        ({"function_call": {"name": "a rotten thing", "arguments": "{}"}}, "function_call.name"),
        (
            {"tool_calls": [{"function": {"arguments": "{}"}, "custom": {"input": "a rotten thing"}}]},
            "tool_calls[0].custom.input",
        ),
        ({"thinking": "a rotten thing"}, "thinking"),
        ({"reasoning": [{"text": "a rotten thing"}]}, "reasoning"),
        ({"refusal": [{"text": "a rotten thing"}]}, "refusal"),
    ],
)
async def test_no_place_of_a_message_or_an_answer_passes_unjudged(guard: Guard, message: Any, path: str) -> None:
    spoken = {"role": "assistant", "content": "Yes.", **message}
    earlier = guard.check(messages=[{"role": "user", "content": "Do it."}, spoken])
    assert {finding.part for finding in earlier.findings} == {f"messages[1].{path}"}
    answer = guard.check("Do it.", response=spoken)
    assert (answer.action, {finding.part for finding in answer.findings}) == (
        Action.REGENERATE,
        {f"response[0].{path}"},
    )
    assert (await guard.acheck("Do it.", response=spoken)).to_json() == answer.to_json()


async def test_several_responses_are_the_choices_of_one_answer(guard: Guard) -> None:
    finish = await guard.aconclude((), responses=["Hello", "rotten"])
    assert finish.delivery == "withheld"
    assert [finding.part for finding in finish.verdict.findings] == ["response[1].content"]


def test_a_text_and_the_same_text_as_a_message_give_the_same_verdict(guard: Guard) -> None:
    assert guard.check("rotten") == guard.check(messages=[{"role": "user", "content": "rotten"}])


def test_images_without_a_visual_classifier_are_reported_as_not_judged() -> None:
    with Guard("default", FakeClassifier(kinds=frozenset({"text"}))) as guard:
        verdict = guard.check("Look", images=[b"\x89PNG"], videos=["https://example.org/a.mp4"])
    assert [(missed.part, missed.reason) for missed in verdict.unjudged] == [
        ("images[0]", "no_classifier"),
        ("videos[0]", "no_classifier"),
    ]
    assert verdict.action is Action.FLAG


@pytest.mark.parametrize(
    "failure",
    [
        RuntimeError("boom"),
        MemoryError(),
        math.nan,
        math.inf,
        -1.0,
        Unjudged(reason="model_unavailable"),
    ],
)
@pytest.mark.parametrize("pack", ["default", "strict"])
async def test_a_failing_classifier_never_lets_content_through(failure: object, pack: str) -> None:
    with Guard(pack, FakeClassifier(default=failure)) as guard:  # type: ignore[arg-type]
        for verdict in (guard.check("Hello"), await guard.acheck("Hello"), guard.check("Hello", response="Hi")):
            assert verdict.action is Action.REFUSE
            assert not verdict.delivers
            assert verdict.unjudged
            assert not verdict.coverage.judged


async def test_a_classifier_that_hangs_never_lets_content_through() -> None:
    release = threading.Event()
    with Guard("default", FakeClassifier(before=lambda parts: release.wait(10)), timeout=0.05) as guard:
        assert guard.check("Hello").unjudged[0].reason == "deadline"
        assert (await guard.acheck("Hello")).action is Action.REFUSE
        release.set()


def test_the_newest_turn_is_all_that_a_long_conversation_costs() -> None:
    classifier = FakeClassifier()
    messages = [{"role": "user", "content": f"turn {n}"} for n in range(20)]
    with Guard("default", classifier) as guard:
        guard.check(messages=messages)
        before = len(classifier.judged)
        guard.check(messages=[*messages, {"role": "user", "content": "turn 20"}])
    # Each turn by itself, and joined with those before it: the newest costs two, however long the conversation is.
    assert (before, len(classifier.judged)) == (39, 41)


def test_guards_under_other_policies_share_models_and_memo(guard: Guard) -> None:
    strict = guard.under("strict")
    assert guard.check("rotten").action is Action.GUIDELINE
    assert strict.check("rotten").action is Action.REFUSE
    assert strict.check("rotten").policy_hash != guard.check("rotten").policy_hash
    assert len(guard.judging.classifiers[0].judged) == 1  # type: ignore[attr-defined]


def test_the_probe_tells_a_model_that_judges_from_one_that_does_not() -> None:
    with Guard("default", FakeClassifier({PROBE: 0.99})) as good, Guard("default", FakeClassifier()) as blind:
        assert good.probe()
        assert not blind.probe()


@pytest.mark.parametrize(
    ("arguments", "param"),
    [
        ({}, "text"),
        ({"text": "a", "messages": []}, "messages"),
        ({"text": 7}, "text"),
        ({"text": "a", "images": [Path("/nowhere/at/all.png")]}, "images[0]"),
    ],
)
def test_bad_arguments_are_named(guard: Guard, arguments: dict[str, object], param: str) -> None:
    with pytest.raises(InputError) as caught:
        guard.check(**arguments)  # type: ignore[arg-type]
    assert caught.value.param == param


def test_a_policy_that_is_not_there_is_a_clear_error() -> None:
    with pytest.raises(ConfigError, match="nowhere"):
        Guard("nowhere", FakeClassifier())


def test_a_stand_in_judges_where_the_model_is_broken_and_the_verdict_says_so() -> None:
    broken = FakeClassifier(default=RuntimeError("no"), name="full")
    with Guard(models=broken, stand_ins=[FakeClassifier(name="small", digest="small")]) as guard:
        verdict = guard.check("Hello")
    assert verdict.action is Action.ALLOW
    assert verdict.coverage.judged == ("messages[0].content",)
    assert verdict.coverage.degraded == (Degraded(part="messages[0].content", rung="small"),)
    assert verdict.models == ("full@fake0000", "small@small")
