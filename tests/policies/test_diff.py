from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.models.content import Direction
from headgate.models.fakes import scores
from headgate.policies.compile import load_policy, parse_policy
from headgate.policies.context import Context
from headgate.policies.decide import Judged
from headgate.policies.diff import EXAMPLES, Seen, Side, compare, share
from headgate.policies.hits import Hit
from headgate.policies.verdict import Action


def side(name: str) -> Side:
    return Side(load_policy(name) if "\n" not in name else parse_policy(name))


def seen(number: int, unsafe: float, severity: int, *, tenant: str = "") -> Seen:
    assessed = scores(unsafe=unsafe, severity=severity, categories={"drugs": unsafe})
    part = Judged(part="messages[0].content", direction=Direction.INPUT, kind="text", assessment=assessed)
    return Seen(id=f"x{number}", parts=(part,), context=Context(tenant=tenant))


TRAFFIC = [seen(n, 0.1, 0) for n in range(6)] + [seen(n, 0.9, 2, tenant="acme") for n in range(6, 10)]


def test_what_becomes_blocked_is_counted_by_category_and_tenant_with_examples() -> None:
    found = compare(side("default"), side("strict"), TRAFFIC)
    assert (found.exchanges, found.same, found.newly_blocked.count) == (10, 6, 4)
    assert found.by_category == {"newly_blocked": {"drugs": 4}}
    assert found.by_tenant == {"newly_blocked": {"acme": 4}}
    assert found.actions == {"guideline -> refuse": 4}
    (first, *_) = found.examples["newly_blocked"]
    assert (first.id, first.before, first.after, first.rule) == (
        "x6",
        Action.GUIDELINE,
        Action.REFUSE,
        "input.moderate",
    )


def test_the_other_way_round_it_is_newly_allowed() -> None:
    found = compare(side("strict"), side("default"), TRAFFIC, unknown=3)
    assert (found.newly_blocked.count, found.newly_allowed.count, found.unknown) == (0, 4, 3)


def test_a_policy_does_not_differ_from_itself() -> None:
    assert compare(side("default"), side("default"), TRAFFIC).same == 10


def answered(*unsafe: float) -> Seen:
    """An exchange in which so many answers were drawn."""
    rounds = []
    for score in unsafe:
        assessed = scores(unsafe=score, severity=2 if score > 0.3 else 0, categories={"drugs": score})
        part = Judged(part="response[0].content", direction=Direction.OUTPUT, kind="text", assessment=assessed)
        rounds.append((part,))
    return Seen(id="y", parts=seen(0, 0.1, 0).parts, rounds=tuple(rounds))


def test_every_answer_that_was_drawn_is_looked_at_until_one_is_accepted() -> None:
    found = compare(side("default"), side("permissive"), [answered(0.9, 0.9, 0.1)])
    assert (found.draws, found.open) == ({"before": 3, "after": 1}, {"before": 0, "after": 0})
    assert (found.other.count, found.newly_allowed.count) == (1, 0)
    (example,) = found.examples["other"]
    assert (example.before, example.after) == (Action.ALLOW, Action.FLAG)
    assert (example.before_draws, example.after_draws, example.category) == (3, 1, "drugs")


def test_where_a_policy_would_draw_on_after_the_record_ends_it_is_said() -> None:
    found = compare(side("permissive"), side("default"), [answered(0.9)])
    assert (found.newly_blocked.count, found.open) == (1, {"before": 0, "after": 1})


def test_a_policy_with_fewer_rounds_gives_up_where_the_other_went_on() -> None:
    once = "version: 1\nextends: default\nregenerate: {rounds: 1}\n"
    found = compare(side("default"), side(once), [answered(0.9, 0.1)])
    assert (found.newly_blocked.count, found.open["after"]) == (1, 0)


def test_later_answers_are_held_to_tighter_thresholds() -> None:
    loose = "version: 1\nextends: default\nthresholds: {default: 0.5}\nregenerate: {tighten: false}\n"
    tight = "version: 1\nextends: default\nthresholds: {default: 0.5}\nregenerate: {tighten: true}\n"
    traffic = [answered(0.9, 0.45)]
    assert compare(side(loose), side(loose), traffic).draws["before"] == 2
    assert Side(parse_policy(loose)).outcome(traffic[0]).action is Action.ALLOW
    assert Side(parse_policy(tight)).outcome(traffic[0]).open is True


def test_what_another_policys_list_found_says_nothing() -> None:
    part = Judged(
        part="a", direction=Direction.INPUT, kind="text", assessment=scores(), hits=(Hit(rule="lists.elsewhere"),)
    )
    mine = "version: 1\nextends: default\nlists: {zoo: {words: [zebra], action: refuse}}\n"
    assert Side(parse_policy(mine)).outcome(Seen(id="z", parts=(part,))).action is Action.ALLOW


def test_overlays_hold_for_their_tenants() -> None:
    mine = "version: 1\nextends: default\ntenants: {acme: {input: {moderate: refuse}}}\n"
    assert compare(side("default"), side(mine), TRAFFIC).newly_blocked.count == 4


def test_no_more_examples_are_named_than_a_person_reads() -> None:
    traffic = [seen(n, 0.9, 2) for n in range(EXAMPLES + 5)]
    assert len(compare(side("default"), side("strict"), traffic).examples["newly_blocked"]) == EXAMPLES


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0), (0, 0, 0, 1)],
)
def test_intervals_are_wilsons(count: int, total: int, low: float, high: float) -> None:
    found = share(count, total)
    assert (found.low, found.high) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


@settings(deadline=None)
@given(st.integers(0, 500), st.integers(1, 500))
def test_a_share_lies_in_its_interval(count: int, more: int) -> None:
    found = share(count, count + more)
    assert 0 <= found.low <= found.share + 1e-12
    assert found.share - 1e-12 <= found.high <= 1
