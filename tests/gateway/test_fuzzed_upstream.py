"""An upstream that does anything at all: no unjudged text leaves, and every answer ends in the client's dialect."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ..upstream import Reply, frames
from .conftest import POLICY, Raw, Server, Start

ASK = [{"role": "user", "content": "Hello"}]
SENTENCES = [
    "This is a sentence that is fine. ",
    "Here is another, longer than the one before it. ",
    "好的。",
    "a\n",
    "",
]
BAD = ["BAD words come here, in a sentence long enough to be a piece. ", "WORST. "]
EVENTS = {"Content-Type": "text/event-stream"}


def reply(dice: random.Random) -> Reply:
    """One answer, maybe broken: statuses, half frames, frames twice or out of order, bad JSON, early ends."""
    texts = ["".join(dice.choices(SENTENCES + BAD, k=dice.randint(0, 6))) for _ in range(dice.choice([1, 1, 1, 2]))]
    whole = Reply(texts=texts, reasoning="".join(dice.choices(["", *SENTENCES, *BAD], k=1)), chunk=dice.randint(1, 40))
    kind = dice.choice(["good", "status", "close", "eof", "bad-json", "error", "no-stream", "mangled", "raw"])
    match kind:
        case "status":
            return Reply(status=dice.choice([400, 429, 500, 503]), raw=dice.choice([None, b"", b"<html>", b'{"a"']))
        case "close" | "eof" | "bad-json" | "error":
            whole.fault, whole.after = kind, dice.randint(0, 12)
        case "no-stream":
            whole.fault = kind
        case "mangled":
            return Reply(raw=mangled(whole, dice), headers=EVENTS)
        case "raw":
            noise = [b"", b"data:", b"data: {}\n\n", b"data: null\n\n", b"[]", b"\xff\xfe\n\n", b"data: [DONE]\n\n"]
            return Reply(raw=b"".join(dice.choices(noise, k=3)), headers=dice.choice([{}, EVENTS]))
    return whole


def mangled(whole: Reply, dice: random.Random) -> bytes:
    """The frames of an answer with some twice, some lost, some cut in half."""
    sent: list[bytes] = []
    for frame in frames(whole, usage=True):
        match dice.randint(0, 12):
            case 0:
                sent += [frame, frame]
            case 1:
                pass
            case 2:
                sent.append(frame[: dice.randint(0, len(frame))])
            case _:
                sent.append(frame)
    return b"".join(sent)


def shown_in(raw: Raw) -> str:
    """Everything in an answer that a person or a program could read as upstream's."""
    found: list[str] = []
    for line in raw.lines:
        if line.startswith(("data: {", "{")):
            for choice in json.loads(line.removeprefix("data: ")).get("choices", []):
                said = choice.get("delta") or choice.get("message") or {}
                found += [said.get("content") or "", said.get("reasoning_content") or ""]
    return "".join(found)


def ends_well(raw: Raw, *, stream: bool) -> None:
    if raw.status != 200 or not stream:
        body = json.loads(raw.lines[0])
        assert ("error" in body) == (raw.status >= 400)
        return
    assert raw.lines[-1] == "data: [DONE]"
    chunks = [json.loads(line.removeprefix("data: ")) for line in raw.lines if line.startswith("data: {")]
    reasons = [c["finish_reason"] for chunk in chunks for c in chunk.get("choices", []) if c["finish_reason"]]
    assert ("error" in chunks[-1]) != bool(reasons)


@pytest.fixture
def guarded(start: Start) -> Server:
    chain = "regenerate: {strategy: [guideline, critique_refine, best_of_n], rounds: 3, n: 2}\n"
    return start(POLICY + chain + "stream: {prefill: true}\nspeculate: true\n")


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32), st.booleans(), st.sampled_from(["Hello", "Hello", "BAD hello", "WORST hello"]))
def test_whatever_upstream_does_nothing_unjudged_leaves_and_the_end_is_proper(
    guarded: Server, seed: int, stream: bool, prompt: str
) -> None:
    dice = random.Random(seed)
    guarded.upstream.reset()
    guarded.upstream.script = lambda body, number: reply(dice)
    body: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": prompt}], "stream": stream}
    raw = guarded.post(body)
    assert raw.status in (200, 400, 429, 500, 502, 503, 504)
    assert "BAD" not in shown_in(raw)
    assert "WORST" not in shown_in(raw)
    ends_well(raw, stream=stream)


@pytest.mark.parametrize("after", [0, 1, 4, 30])
def test_an_upstream_that_stalls_ends_in_an_error_and_shows_only_what_was_judged(start: Start, after: int) -> None:
    server = start(POLICY, read_timeout=0.3)
    server.upstream.script = Reply(
        texts=["This is a sentence that is fine. " * 8 + "BAD end."], fault="stall", after=after
    )
    raw = server.post({"model": "m", "messages": ASK, "stream": True})
    assert "BAD" not in shown_in(raw)
    ends_well(raw, stream=True)
    assert server.upstream.left.wait(10)
