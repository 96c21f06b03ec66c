from __future__ import annotations

from headgate.gateway.ticket import Caller, Ticket, Usage
from headgate.policies.verdict import Action, Verdict


def test_of_several_outcomes_the_strongest_is_kept() -> None:
    ticket = Ticket(caller=Caller(tenant="acme"))
    for action, delivery in ((Action.FLAG, "delivered"), (Action.REFUSE, "refused"), (Action.ALLOW, "delivered")):
        ticket.note(Verdict(action=action), delivery)
    assert ticket.verdict is not None
    assert (ticket.verdict.action, ticket.delivery) == (Action.REFUSE, "refused")


def test_usage_is_the_sum_of_both_sides() -> None:
    assert Usage(prompt=10, completion=5).total == 15
