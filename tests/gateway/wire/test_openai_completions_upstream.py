from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from headgate.gateway.wire.openai_completions_request import CompletionsRequest, parse_completions
from headgate.gateway.wire.openai_completions_upstream import clamped, upstream_body
from headgate.guard.effects import Generate
from headgate.guard.redact import MASK
from headgate.models.errors import InputError
from headgate.policies.compile import parse_policy

POLICY = "version: 1\nname: x\nextends: default\n"


def asked(**body: Any) -> CompletionsRequest:
    return parse_completions(msgspec.json.encode({"model": "m", "prompt": "One", **body}))


def sent(request: CompletionsRequest, *, stream: bool = False, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(upstream_body(request, Generate(round=1, **more), stream=stream))
    return found


def test_a_first_round_is_the_callers_own_and_a_stream_tells_its_usage() -> None:
    assert sent(asked(n=2)) == {"model": "m", "prompt": "One", "n": 2}
    assert sent(asked(), stream=True)["stream_options"] == {"include_usage": True}


def test_a_note_goes_before_each_prompt_and_the_rest_after_it() -> None:
    body = sent(asked(prompt=["One", "Two", [5]]), guidance="Be kind.")
    assert body["prompt"] == ["Be kind.\n\nOne", "Be kind.\n\nTwo", [5]]
    turns = (("assistant", "So."), ("user", "Again."))
    assert sent(asked(), turns=turns)["prompt"] == "One\n\nSo.\n\nAgain."
    assert sent(asked(), prefix=" and")["prompt"] == "One and"
    assert sent(asked(), prompt="New")["prompt"] == "New"


def test_an_echo_is_asked_of_upstream_only_with_its_probabilities_and_then_holds_no_note() -> None:
    assert "echo" not in sent(asked(echo=True))
    body = sent(asked(echo=True, logprobs=1), guidance="Be kind.", prompt="New")
    assert (body["echo"], body["prompt"]) == (True, "One")


def test_candidates_are_drawn_of_a_single_prompt() -> None:
    body = sent(asked(best_of=5), n=3)
    assert body["n"] == 3
    assert "best_of" not in body
    assert "n" not in sent(asked(prompt=["One", "Two"]), n=3)


def test_a_redacted_prompt_is_masked_also_where_it_is_token_ids() -> None:
    assert sent(asked(), redact=("prompt",))["prompt"] == MASK
    assert sent(asked(prompt=[1, 2]), redact=("prompt",))["prompt"] == MASK
    body = sent(asked(prompt=["One", [2]], suffix="end"), redact=("prompt[1]", "suffix"))
    assert (body["prompt"], body["suffix"]) == (["One", MASK], MASK)


def test_sampling_is_held_within_the_policys_bounds() -> None:
    policy = parse_policy(
        POLICY + "sampling: {temperature: {max: 0.5}, n: {max: 2}, max_tokens: {max: 9}, system: Hm.}\n"
    )
    found = clamped(asked(prompt=["One", "Two"], n=5, best_of=9, temperature=2), policy)
    assert (found.body["n"], found.body["best_of"], found.body["max_tokens"]) == (2, 2, 9)
    assert found.body["temperature"] == 0.5
    assert sent(found)["prompt"] == ["Hm.\n\nOne", "Hm.\n\nTwo"]
    assert (found.n, found.each) == (4, 2)
    assert found.prompt_of(0) == "One"
    assert sent(found, redact=("prompt[1]",))["prompt"] == ["Hm.\n\nOne", f"Hm.\n\n{MASK}"]
    assert sent(clamped(asked(), policy), prompt="Else")["prompt"] == "Hm.\n\nElse"
    with pytest.raises(InputError, match="'max_tokens'"):
        clamped(asked(max_tokens="many"), policy)
