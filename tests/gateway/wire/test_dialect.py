from __future__ import annotations

from typing import Any

import msgspec
import pytest

from headgate.gateway.wire.anthropic_dialect import MESSAGES
from headgate.gateway.wire.dialect import Dialect, Outcome
from headgate.gateway.wire.ollama_dialect import OLLAMA
from headgate.gateway.wire.openai_chat_dialect import CHAT
from headgate.guard.effects import Finish, Generate
from headgate.models.errors import InputError, NotJudged, UpstreamError
from headgate.policies.compile import parse_policy
from headgate.policies.verdict import Action, Verdict

DIALECTS = [CHAT, MESSAGES, OLLAMA]
ASK = b'{"model": "m", "messages": [{"role": "user", "content": "Hello"}]}'
REFUSED = Finish(verdict=Verdict(action=Action.REFUSE), delivery="refused", message="Not this.")
each = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)


@each
def test_a_request_goes_through_every_step_and_keeps_its_message(dialect: Dialect[Any, Any]) -> None:
    request = dialect.clamped(dialect.parse(ASK), parse_policy("version: 1\nname: t\nextends: default\n"))
    assert [part.path for part in request.parts] == ["messages[0].content"]
    body = msgspec.json.decode(dialect.body(request, Generate(round=1), stream=False, prefill=None))
    assert body["messages"] == [{"role": "user", "content": "Hello"}]
    assert not body.get("stream")


@each
def test_a_refusal_says_why_whole_streamed_and_as_an_error(dialect: Dialect[Any, Any]) -> None:
    request = dialect.parse(ASK)
    outcome = Outcome(finish=REFUSED, request=request, answer=None, usage=None, identity="i")
    assert b"Not this." in dialect.whole(outcome)
    assert b"Not this." in dialect.frames(request, "i").finish(REFUSED, None, None)
    blocked = dialect.blocked(REFUSED)
    assert blocked.status == 400
    assert b"Not this." in blocked.body


@each
@pytest.mark.parametrize(
    ("error", "status"),
    [
        (None, 500),
        (InputError("wrong field", param="x"), 400),
        (NotJudged("no"), 503),
        (UpstreamError("gone", status=502, body=b'{"error": "a plain word"}'), 502),
        (UpstreamError("gone", status=502, body=b"<html>"), 502),
    ],
)
def test_every_fault_has_a_status_and_a_body_in_the_dialect(
    dialect: Dialect[Any, Any], error: Any, status: int
) -> None:
    found = dialect.failure(error)
    assert found.status == status
    assert msgspec.json.decode(found.body)["error"]


@each
def test_nothing_that_upstream_never_ended_is_an_answer(dialect: Dialect[Any, Any]) -> None:
    answer = dialect.answer(0)
    assert not answer.ended
    assert not answer.over
    with pytest.raises(UpstreamError):
        dialect.read(b"[]", answer)
