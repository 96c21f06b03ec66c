from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from headgate.gateway.errors import Failure
from headgate.gateway.wire.dialect import Outcome
from headgate.gateway.wire.openai_completions_answer import Answer, Choice
from headgate.gateway.wire.openai_completions_request import CompletionsRequest, parse_completions
from headgate.gateway.wire.openai_completions_shown import Frames, whole
from headgate.guard.effects import Channel, Finish, Release
from headgate.policies.verdict import Action, Verdict

ALLOWED = Verdict(action=Action.ALLOW)


def asked(**body: Any) -> CompletionsRequest:
    return parse_completions(msgspec.json.encode({"model": "m", "prompt": "One", **body}))


def answer(*texts: str) -> Answer:
    choices = {i: Choice(texts=[text], finish_reason="stop", logprobs={"i": i}) for i, text in enumerate(texts)}
    return Answer(head={"id": "cmpl-up", "model": "scripted"}, choices=choices)


def finish(**more: Any) -> Finish:
    return Finish(**{"verdict": ALLOWED, "delivery": "delivered", "round": 1, **more})


def shown(request: CompletionsRequest, given: Answer | None, **more: Any) -> dict[str, Any]:
    outcome = Outcome(finish=finish(**more), request=request, answer=given, usage=None, identity="abc")
    found: dict[str, Any] = json.loads(whole(outcome))
    return found


def read(data: bytes) -> list[dict[str, Any]]:
    lines = [line.removeprefix("data: ") for line in data.decode().split("\n") if line.startswith("data: {")]
    return [json.loads(line) for line in lines]


def test_delivered_completions_have_upstreams_head_and_the_callers_own_prompt_as_echo() -> None:
    found = shown(asked(echo=True, n=2), answer(" two", " three"))
    assert (found["id"], found["model"], found["object"]) == ("cmpl-up", "scripted", "text_completion")
    assert [choice["text"] for choice in found["choices"]] == ["One two", "One three"]
    assert found["choices"][1]["logprobs"] == {"i": 1}


def test_an_echo_that_upstream_made_is_not_made_twice() -> None:
    assert shown(asked(echo=True, logprobs=1), answer("One two"))["choices"][0]["text"] == "One two"


def test_a_chosen_candidate_or_a_helpers_text_stands_alone() -> None:
    assert [choice["text"] for choice in shown(asked(), answer("a", "b"), choice=1)["choices"]] == ["b"]
    (choice,) = shown(asked(), answer("a"), text="kind")["choices"]
    assert (choice["text"], choice["finish_reason"], choice["index"]) == ("kind", "stop", 0)


def test_help_lines_stand_beneath_each_choice() -> None:
    found = shown(asked(n=2), answer("a", "b"), appendix="Call.")
    assert [choice["text"] for choice in found["choices"]] == ["a\n\nCall.", "b\n\nCall."]


@pytest.mark.parametrize("delivery", ["refused", "supported"])
def test_a_refusal_is_the_text_of_every_choice_with_its_own_reason(delivery: str) -> None:
    found = shown(asked(n=2), answer("bad"), delivery=delivery, message="No.")
    assert [(c["text"], c["finish_reason"]) for c in found["choices"]] == [("No.", "content_filter")] * 2
    assert found["id"] == "cmpl-abc"
    assert found["usage"]["total_tokens"] == 0


def test_a_stream_echoes_once_and_ends_with_usage_verdict_and_mark() -> None:
    out = Frames(asked(echo=True, stream=True, stream_options={"include_usage": True}), "abc")
    given = answer(" two three")
    data = out.release(Release(Channel(), " two"), given) + out.release(Release(Channel(), " three"), given)
    data += out.finish(finish(), given, {"total_tokens": 3})
    chunks = read(data)
    assert [c["text"] for chunk in chunks for c in chunk["choices"]] == ["One", " two", " three", ""]
    assert [c["finish_reason"] for chunk in chunks for c in chunk["choices"]] == [None, None, None, "stop"]
    assert chunks[-1]["usage"] == {"total_tokens": 3}
    assert {chunk["id"] for chunk in chunks} == {"cmpl-up"}
    assert data.endswith(b": headgate " + ALLOWED.to_json() + b"\n\ndata: [DONE]\n\n")


def test_a_cut_stream_says_so_without_words_of_ours() -> None:
    out, given = Frames(asked(), "abc"), answer("One. Bad.")
    data = out.release(Release(Channel(), "One. "), given)
    (last,) = read(out.finish(finish(delivery="cut", message="No."), given, None))
    assert read(data)[0]["choices"][0]["text"] == "One. "
    assert (last["choices"][0]["text"], last["choices"][0]["finish_reason"]) == ("", "content_filter")
    (alone,) = read(Frames(asked(), "abc").finish(finish(delivery="refused", message="No."), None, None))
    assert alone["choices"][0]["text"] == "No."


def test_an_error_in_a_stream_keeps_its_envelope() -> None:
    body = b'{"error": {"message": "m"}}'
    data = Frames(asked(), "abc").error(Failure(status=502, body=body))
    assert data == b"data: " + body + b"\n\ndata: [DONE]\n\n"
