from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.policies.compile import load_policy, parse_policy
from headgate.policies.compiled import CompiledPolicy
from headgate.policies.decide import Judged, decide
from headgate.policies.merge import effective, merge
from headgate.policies.thresholds import FalseAlarmTable, Number, Rate, resolve
from headgate.policies.tighten import loosened
from headgate.policies.verdict import Action

from . import drawn

CARD = FalseAlarmTable(
    rates={head: {"0.0001": 0.99, "0.01": 0.7, "0.95": 0.1} for head in ("unsafe", "sensitive", *drawn.SLUGS)},
    points={"unsafe": 0.55, "violence": 0.4},
)
BASE = parse_policy("""version: 1
name: base-line
extends: default
lists: {rivals: {words: [acme], action: flag}}
tenants:
  acme: {input: {minor: flag}, thresholds: {default: 0.3}}
  "shop-*": {on_unjudged: strict, lists: {more: {words: [zebra], action: refuse}}}
routes:
  /v1/completions: {output: {minor: refuse, moderate: refuse}}
""")


def test_of_two_policies_the_stricter_line_holds_everywhere() -> None:
    both = merge(load_policy("permissive"), load_policy("strict"))
    assert both.matrix["input"]["drugs"] == (Action.ALLOW, Action.FLAG, Action.REFUSE, Action.REFUSE)
    assert both.rules["input"]["drugs"][1] == "input.minor"
    assert (both.regenerate.rounds, both.stream.hold, both.sampling.n) == (3, "answer", 1)
    assert set(both.on_unjudged.values()) == {Action.REFUSE}


def test_an_overlay_holds_for_its_tenant_and_its_route_and_both_add_up() -> None:
    assert effective(BASE, tenant="nobody", route="/v1/chat/completions") is BASE
    acme = effective(BASE, tenant="acme", route="/v1/completions")
    assert acme.matrix["input"]["drugs"][1] is Action.FLAG
    assert acme.matrix["output"]["drugs"][1] is Action.REFUSE
    assert acme.matrix["input"]["self_harm"][1] is Action.SUPPORT
    assert acme.thresholds.default == Rate(most=0.3)
    assert acme.hash != BASE.hash
    assert [one.name for one in effective(BASE, tenant="shop-7").lists] == ["rivals", "more"]


def test_a_number_and_a_rate_meet_where_the_lower_threshold_is() -> None:
    number = parse_policy("version: 1\nthresholds: {default: 0.6, drugs: 0.5}")
    rate = parse_policy("version: 1\nthresholds: {default: {fpr: 0.01}}")
    both = merge(number, rate).thresholds
    assert both.default == Rate(fpr=0.01, most=0.6)
    assert both.categories["drugs"] == Rate(most=0.5)
    assert merge(number, number).thresholds.default == Number(0.6)


@settings(max_examples=25, deadline=None)
@given(drawn.policies(), drawn.policies(), drawn.policies())
def test_merging_is_associative_and_idempotent(one: CompiledPolicy, two: CompiledPolicy, three: CompiledPolicy) -> None:
    assert merge(one, one) == one
    assert merge(merge(one, two), three) == merge(one, merge(two, three))
    assert merge(merge(one, two), two).hash == merge(one, two).hash


@settings(max_examples=25, deadline=None)
@given(drawn.policies(), drawn.policies(), st.lists(drawn.judged(), max_size=3))
def test_a_merged_policy_never_lets_through_what_one_of_both_does_not(
    one: CompiledPolicy, two: CompiledPolicy, parts: list[Judged]
) -> None:
    both = merge(one, two)
    actions = [decide(policy, parts, thresholds=resolve(policy.thresholds, CARD)).action for policy in (one, two, both)]
    assert actions[2] >= max(actions[:2])


@settings(max_examples=25, deadline=None)
@given(drawn.policies(), drawn.policies())
def test_what_tightening_means_elsewhere_agrees(one: CompiledPolicy, two: CompiledPolicy) -> None:
    both = merge(one, two)
    weaker = loosened(
        one, both, given_at=resolve(one.thresholds, CARD), asked_at=resolve(both.thresholds, CARD)
    )  # fmt: skip
    # Where one says refuse and the other support, the stricter word is refuse: overlays that say so are refused.
    assert [key for key in weaker if not key.startswith("categories.") and key != "services"] == []
