from __future__ import annotations

import concurrent.futures

import pytest

from headgate.guard.failure import Blocked, unjudged
from headgate.models.errors import DeadlineExceeded, DigestMismatch, HeadgateError, InferenceFailed, Overloaded
from headgate.policies.verdict import Action, Verdict


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (InferenceFailed("x"), "inference_failed"),
        (Overloaded("x"), "overloaded"),
        (DigestMismatch("x"), "digest_mismatch"),
        (DeadlineExceeded("x"), "deadline"),
        (TimeoutError(), "deadline"),
        (concurrent.futures.TimeoutError(), "deadline"),
        (RuntimeError("the secret text"), "inference_failed"),
        (MemoryError(), "inference_failed"),
    ],
)
def test_every_failure_has_a_stable_reason_and_quotes_nothing(error: BaseException, reason: str) -> None:
    missed = unjudged(error, model="m")
    assert missed.reason == reason
    assert "secret" not in missed.detail
    assert missed.model == "m"


def test_blocked_carries_its_verdict_and_the_words_for_a_person() -> None:
    blocked = Blocked("No.", verdict=Verdict(action=Action.REFUSE))
    assert isinstance(blocked, HeadgateError)
    assert str(blocked) == blocked.message == "No."
    assert blocked.verdict.action is Action.REFUSE
