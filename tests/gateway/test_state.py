from __future__ import annotations

import logging
from pathlib import Path

import msgspec
import pytest

from headgate.gateway.config import Settings
from headgate.gateway.logs import FIELDS
from headgate.gateway.state import Gateway, unfinished
from headgate.guard.guard import Guard
from headgate.models.content import Text
from headgate.models.fakes import FakeClassifier
from headgate.policies.verdict import Action

PARTS = (Text(text="A pelican.", path="messages[0].content"),)


def test_the_upstream_client_exists_only_while_the_gateway_runs() -> None:
    with pytest.raises(AssertionError, match="not running"):
        _ = Gateway(Settings(upstream="http://x"), None).upstreams


async def test_an_exchange_that_never_ended_claims_no_judgement(tmp_path: Path) -> None:
    records = tmp_path / "records.jsonl"
    with Guard("default", FakeClassifier()) as guard:
        gateway = Gateway(Settings(upstream="http://x", record=str(records), tenant="t"), guard)
        async with gateway.running():
            assert gateway.upstreams is gateway.upstreams
            verdict = unfinished(guard, PARTS, reason="client_gone")
            assert verdict.coverage.judged == ()
            assert verdict.action is Action.FLAG
            gateway.record(verdict, PARTS, identity="i", delivery="client_gone", added=0.001, upstream=0.002, exposed=7)
    record = msgspec.json.decode(records.read_bytes())
    assert (record["id"], record["tenant"], record["exposed"]) == ("i", "t", 7)
    assert (record["added_ms"], record["upstream_ms"]) == (1.0, 2.0)
    assert "pelican" not in str(record)


async def test_an_exchange_is_told_in_the_log_without_a_word_of_it(caplog: pytest.LogCaptureFixture) -> None:
    with Guard("default", FakeClassifier()) as guard, caplog.at_level(logging.INFO, "headgate"):
        gateway = Gateway(Settings(upstream="http://x"), guard)
        verdict = unfinished(guard, PARTS, reason="client_gone")
        gateway.record(verdict, PARTS, identity="i", delivery="client_gone", added=0.001, upstream=0.002, exposed=7)
    (line,) = caplog.records
    fields = getattr(line, FIELDS)
    assert (fields["id"], fields["delivery"], fields["unjudged"], fields["added_ms"]) == ("i", "client_gone", 1, 1.0)
    assert "pelican" not in repr(fields)
