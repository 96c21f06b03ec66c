from __future__ import annotations

from typing import Any

from headgate.gateway.circumstances import placed
from headgate.gateway.ticket import TICKET, Caller, Ticket
from headgate.guard.guard import Guard
from headgate.models.fakes import FakeClassifier
from headgate.policies import load_policy, parse_policy

POLICY = parse_policy("""version: 1
extends: default
rules: {no-german: {when: {language: de}, action: refuse}}
tenants: {acme: {input: {minor: flag}}}
""")


def _scope(path: str = "/v1/chat/completions", language: bytes = b"") -> dict[str, Any]:
    return {"type": "http", "path": path, "headers": [(b"accept-language", language)] if language else []}


def test_a_policy_that_looks_at_no_circumstances_is_asked_as_it_is() -> None:
    with Guard(load_policy("default"), FakeClassifier()) as guard:
        assert placed(guard, _scope(), tenant="acme") is guard


def test_where_it_came_in_for_whom_and_which_model_is_told() -> None:
    with Guard(POLICY, FakeClassifier()) as guard:
        found = placed(guard, _scope(language=b"de-AT"), body={"model": "gpt"}, tenant="acme")
        context = found.rules.context
        assert (context.tenant, context.route, context.model) == ("acme", "/v1/chat/completions", "gpt")
        assert context.languages == ("de-at", "de")
        assert context.today
        assert found.policy.hash != guard.policy.hash


def test_a_key_names_its_own_tenant_and_its_senders_points() -> None:
    ticket = Ticket(caller=Caller(tenant="acme", key="k1"), points=4.5)
    token = TICKET.set(ticket)
    try:
        with Guard(POLICY, FakeClassifier()) as guard:
            context = placed(guard, _scope(), tenant="somebody").rules.context
            assert (context.tenant, context.strikes) == ("acme", 4.5)
    finally:
        TICKET.reset(token)
