from __future__ import annotations

import json

from headgate.gateway.wire.openai_completions_dialect import COMPLETIONS
from headgate.guard.effects import Finish
from headgate.models.errors import InputError
from headgate.policies.verdict import Action, Verdict

from ..openai_script import completions


def test_answers_share_nothing_and_their_usage_is_summed() -> None:
    one, other = COMPLETIONS.answer(40), COMPLETIONS.answer(40)
    COMPLETIONS.read(completions("One.").raw or b"", one)
    assert other.choices == {}
    usage = COMPLETIONS.usage([one, other])
    assert usage is not None
    assert (usage["total_tokens"], usage["estimated"]) == (25, True)


def test_a_block_and_a_fault_are_told_in_openais_envelope() -> None:
    finish = Finish(verdict=Verdict(action=Action.REFUSE), delivery="refused", message="No.")
    blocked = COMPLETIONS.blocked(finish)
    assert blocked.status == 400
    assert json.loads(blocked.body)["error"]["param"] == "prompt"
    assert COMPLETIONS.failure(InputError("x", param="prompt")).status == 400
    assert COMPLETIONS.failure(None).status == 500
