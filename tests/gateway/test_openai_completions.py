"""The official client's completions through a running gateway, before an upstream that speaks the same."""

from __future__ import annotations

from typing import Any

import openai
import pytest

from .conftest import POLICY, Server, Start
from .openai_script import completions

LONG = " this is a first sentence that is fine. Here comes a second one, which is fine too. And a third."
BLIND = POLICY + "regenerate: {strategy: blind, rounds: 2}\n"


def whole(server: Server, prompt: Any = "Once upon a time", **more: Any) -> Any:
    return server.client().completions.with_raw_response.create(model="m", prompt=prompt, **more)


def stream(server: Server, prompt: Any = "Once upon a time", **more: Any) -> list[Any]:
    return list(server.client().completions.create(model="m", prompt=prompt, stream=True, **more))


def text_of(chunks: list[Any], index: int = 0) -> str:
    return "".join(c.text for chunk in chunks for c in chunk.choices if c.index == index)


def reasons(chunks: list[Any]) -> list[str]:
    return [c.finish_reason for chunk in chunks for c in chunk.choices if c.finish_reason]


def test_good_completions_pass_with_the_callers_own_echo(server: Server) -> None:
    server.upstream.script = completions(" one", " two")
    raw = whole(server, n=2, echo=True)
    answer = raw.parse()
    assert (answer.id, answer.usage.total_tokens) == ("cmpl-up1", 15)
    assert [choice.text for choice in answer.choices] == ["Once upon a time one", "Once upon a time two"]
    assert raw.headers["x-headgate-judged"] == "3"
    assert "echo" not in server.upstream.bodies[0]


def test_a_good_stream_passes_and_tells_its_usage(server: Server) -> None:
    server.upstream.script = completions(LONG, stream=True)
    chunks = stream(server, echo=True, stream_options={"include_usage": True})
    assert text_of(chunks) == "Once upon a time" + LONG
    assert reasons(chunks) == ["stop"]
    assert chunks[-1].usage.total_tokens == 15


def test_a_refused_prompt_never_reaches_upstream(server: Server) -> None:
    answer = whole(server, ["Fine.", "WORST"]).parse()
    assert [choice.finish_reason for choice in answer.choices] == ["content_filter"] * 2
    assert "violence" in answer.choices[0].text
    assert reasons(stream(server, "WORST")) == ["content_filter"]
    assert server.upstream.bodies == []


def test_a_bad_completion_is_made_again_under_guidance(server: Server) -> None:
    server.upstream.script = [completions(" BAD"), completions(" good")]
    answer = whole(server).parse()
    assert answer.choices[0].text == " good"
    assert answer.usage.total_tokens == 30
    prompt = server.upstream.bodies[1]["prompt"]
    assert prompt.endswith("\n\nOnce upon a time")
    assert "BAD" not in prompt


def test_every_choice_is_judged(start: Start) -> None:
    server = start(BLIND)
    server.upstream.script = completions(" good", " BAD")
    answer = whole(server, n=2).parse()
    assert [choice.finish_reason for choice in answer.choices] == ["content_filter"] * 2


def test_a_stream_that_turns_bad_is_cut(start: Start) -> None:
    server = start(BLIND)
    server.upstream.script = completions(LONG + " And then WORST of all. " + LONG, stream=True)
    chunks = stream(server)
    assert text_of(chunks)
    assert LONG.startswith(text_of(chunks))
    assert reasons(chunks) == ["content_filter"]


def test_token_ids_are_reported_and_go_where_the_policy_says(server: Server, start: Start) -> None:
    server.upstream.script = completions(" fine")
    assert whole(server, [1, 2, 3]).headers["x-headgate-unjudged"] == "1"
    strict = start(POLICY + "on_unjudged: strict\n")
    assert whole(strict, [1, 2, 3]).parse().choices[0].finish_reason == "content_filter"


def test_the_error_style_is_a_400(start: Start) -> None:
    server = start(POLICY + "block: {style: error}\n")
    with pytest.raises(openai.BadRequestError) as caught:
        whole(server, "WORST")
    assert caught.value.body["param"] == "prompt"  # type: ignore[index]


def test_a_stream_that_breaks_off_is_an_error(server: Server) -> None:
    reply = completions(LONG * 3, stream=True)
    reply.raw = (reply.raw or b"")[: len(reply.raw or b"") * 2 // 3]
    server.upstream.script = reply
    with pytest.raises(openai.APIError):
        stream(server)
