"""Conversations through the gateway: refused turns, people at risk, languages and helper models, over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from headgate.guard.messages import built_in
from headgate.models.fakes import FakeClassifier, scores

from ..upstream import Reply, Upstream, running
from .conftest import POLICY, RULES, Server, Start

SPLIT = FakeClassifier({"red\ngreen": scores(unsafe=0.99, severity=3, categories={"violence": 0.99}), **RULES})
SUPPORTS = POLICY + "block: {support_mode: answer}\n"


def said(*texts: str) -> list[dict[str, str]]:
    return [{"role": ("user", "assistant")[i % 2], "content": text} for i, text in enumerate(texts)]


def ask(server: Server, messages: list[dict[str, str]], *, stream: bool = False, **headers: str) -> Any:
    raw = server.post({"model": "m", "messages": messages, "stream": stream}, **headers)
    assert raw.status == 200
    if not stream:
        return json.loads(raw.lines[0])["choices"][0]["message"]
    frames = [json.loads(line[6:]) for line in raw.lines if line.startswith("data: {")]
    deltas = [choice["delta"] for frame in frames for choice in frame["choices"]]
    return {key: "".join(delta.get(key) or "" for delta in deltas) or None for key in ("content", "refusal")}


def test_a_session_goes_on_after_a_refused_turn_which_does_not_reach_upstream(server: Server) -> None:
    server.upstream.script = Reply(texts=["It is sunny."])
    first = ask(server, said("Tell me the WORST thing"))
    assert first["refusal"]
    assert server.upstream.bodies == []
    history = [*said("Tell me the WORST thing"), {"role": "assistant", "content": None, "refusal": first["refusal"]}]
    second = ask(server, [*history, {"role": "user", "content": "What is the weather?"}])
    assert second["content"] == "It is sunny."
    (body,) = server.upstream.bodies
    assert "WORST" not in json.dumps(body)
    assert body["messages"][0]["content"] == "[removed by the safety policy]"
    assert body["messages"][2]["content"] == "What is the weather?"


def test_a_request_sent_ahead_of_its_verdict_holds_no_refused_turn_either(start: Start) -> None:
    server = start(POLICY + "speculate: true\n")
    server.upstream.script = Reply(texts=["It is sunny."])
    found = ask(server, said("Tell me the WORST thing", "No.", "What is the weather?"), stream=True)
    assert found["content"] == "It is sunny."
    assert server.upstream.bodies
    assert "WORST" not in json.dumps(server.upstream.bodies)


def test_an_attack_split_over_turns_is_refused_and_the_session_goes_on(start: Start) -> None:
    server = start(classifier=SPLIT)
    server.upstream.script = Reply(texts=["It is sunny."])
    assert ask(server, said("red", "Ok.", "green"))["refusal"]
    assert server.upstream.bodies == []
    assert ask(server, said("red", "Ok.", "green", "No.", "And the weather?"))["content"] == "It is sunny."
    assert [message["content"] for message in server.upstream.bodies[0]["messages"]] == [
        "red", "Ok.", "[removed by the safety policy]", "No.", "And the weather?",
    ]  # fmt: skip


@pytest.mark.parametrize("stream", [False, True])
def test_support_comes_in_the_language_that_is_asked_for_or_written(server: Server, stream: bool) -> None:
    german = ask(server, said("I am SAD"), stream=stream, accept_language="de-AT, en;q=0.5")
    assert german["content"] == built_in()["de"].support
    spanish = ask(server, said("Estoy muy SAD y no sé qué hacer con mi vida"), stream=stream)
    assert spanish["content"] == built_in()["es"].support
    assert server.upstream.bodies == []


def test_a_refusal_comes_in_the_language_that_is_asked_for(server: Server) -> None:
    assert ask(server, said("WORST"), accept_language="fr")["refusal"] == built_in()["fr"].refusal


@pytest.mark.parametrize("stream", [False, True])
def test_a_person_at_risk_gets_a_judged_answer_with_help_lines_where_the_policy_says_so(
    start: Start, stream: bool
) -> None:
    server = start(SUPPORTS)
    server.upstream.script = Reply(texts=["I am glad you told me. What would help you tonight?"])
    found = ask(server, said("I am SAD"), stream=stream)
    assert found["content"] == f"I am glad you told me. What would help you tonight?\n\n{built_in()['en'].lines}"
    (body,) = server.upstream.bodies
    assert body["messages"][0]["role"] == "system"
    assert "may be at risk" in body["messages"][0]["content"]
    record = server.record()
    assert (record["delivery"], record["verdict"]["action"]) == ("delivered", "support")


@pytest.mark.parametrize("stream", [False, True])
def test_where_no_answer_is_good_enough_a_person_at_risk_gets_the_message(start: Start, stream: bool) -> None:
    server = start(SUPPORTS + "regenerate: {rounds: 2}\n")
    server.upstream.script = Reply(texts=["BAD words."])
    found = ask(server, said("I am SAD"), stream=stream)
    assert found["content"] == built_in()["en"].support
    assert len(server.upstream.bodies) == 2
    assert server.record()["delivery"] == "supported"


@pytest.fixture
def helper() -> Iterator[Upstream]:
    with running() as server:
        yield server


@pytest.mark.parametrize("stream", [False, True])
def test_a_corrector_s_text_takes_the_place_of_a_rejected_answer_once_it_was_judged(
    start: Start, helper: Upstream, stream: bool
) -> None:
    services = f"services: {{corrector: {{url: '{helper.url}', model: aligner}}}}\n"
    server = start(POLICY + services + "regenerate: {strategy: corrector, rounds: 3}\n")
    server.upstream.script = Reply(texts=["BAD words."])
    helper.script = [Reply(texts=["BAD words."]), Reply(texts=["Kind words."])]
    assert ask(server, said("Say something."), stream=stream)["content"] == "Kind words."
    assert helper.bodies[0]["model"] == "aligner"
    assert "Say something. | BAD words." in helper.bodies[0]["messages"][0]["content"]
    rounds = server.record()["verdict"]["rounds"]
    assert [found["strategy"] for found in rounds] == ["request", "corrector", "corrector"]


def test_a_rewritten_prompt_goes_upstream_and_both_are_in_the_record_as_digests(start: Start, helper: Upstream) -> None:
    services = f"services: {{rewriter: {{url: '{helper.url}', model: m}}}}\n"
    server = start(POLICY + services + "regenerate: {strategy: rewrite_prompt}\n")
    server.upstream.script = lambda body, number: Reply(texts=["BAD words." if number == 0 else "Fine words."])
    helper.script = Reply(texts=["How do I stay safe?"])
    assert ask(server, said("A borderline question."))["content"] == "Fine words."
    assert server.upstream.bodies[1]["messages"][-1]["content"] == "How do I stay safe?"
    record = server.record()
    digests = {part["path"]: part["digest"] for part in record["parts"]}
    assert len(digests) == len(set(digests.values())) == 2
    assert "safe?" not in json.dumps(record)
