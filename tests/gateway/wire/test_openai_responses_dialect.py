from __future__ import annotations

import json

from headgate.gateway.wire.dialect import Outcome
from headgate.gateway.wire.openai_responses_dialect import RESPONSES
from headgate.guard.effects import Finish
from headgate.models.errors import InputError
from headgate.policies.verdict import Action, Verdict

from ..openai_script import USAGE, responses, said

ASK = RESPONSES.parse(b'{"model": "m", "input": "Hello."}')


def test_answers_share_nothing_and_their_usage_is_summed() -> None:
    one, other = RESPONSES.answer(40), RESPONSES.answer(40)
    RESPONSES.read(responses(said("One.")).raw or b"", one)
    assert other.items == {}
    usage = RESPONSES.usage([one, other])
    assert usage is not None
    assert usage["total_tokens"] == USAGE["total_tokens"] + 10
    assert usage["estimated"]


def test_an_outcome_is_a_delivered_answer_or_a_refusal() -> None:
    answer = RESPONSES.answer(0)
    RESPONSES.read(responses(said("One.")).raw or b"", answer)
    verdict = Verdict(action=Action.ALLOW)
    for delivery, status in (("delivered", "completed"), ("refused", "incomplete")):
        finish = Finish(verdict=verdict, delivery=delivery, message="No.", round=1)  # type: ignore[arg-type]
        outcome = Outcome(finish=finish, request=ASK, answer=answer, usage=None, identity="abc")
        assert json.loads(RESPONSES.whole(outcome))["status"] == status


def test_a_block_and_a_fault_are_told_in_openais_envelope() -> None:
    finish = Finish(verdict=Verdict(action=Action.REFUSE), delivery="refused", message="No.")
    assert RESPONSES.blocked(finish).status == 400
    assert json.loads(RESPONSES.blocked(finish).body)["error"]["code"] == "content_filter"
    assert RESPONSES.failure(InputError("x", param="input")).status == 400
    assert RESPONSES.failure(None).status == 500
