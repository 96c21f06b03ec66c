from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.policies.compile import load_policy, parse_policy
from headgate.policies.compiled import CompiledPolicy
from headgate.policies.decide import Judged, decide
from headgate.policies.load import packs
from headgate.policies.merge import effective, merge
from headgate.policies.print_effective import changes, print_effective
from headgate.policies.thresholds import Thresholds

from . import drawn

NOT_PRINTED = {"hash", "rules", "cases", "origins", "document", "tenants", "routes"}


def _same(one: CompiledPolicy, other: CompiledPolicy) -> bool:
    names = set(one.__struct_fields__) - NOT_PRINTED
    return all(getattr(one, name) == getattr(other, name) for name in names)


@pytest.mark.parametrize("name", packs())
def test_what_is_printed_of_a_pack_is_the_pack(name: str) -> None:
    policy = load_policy(name)
    assert _same(parse_policy(print_effective(policy)), policy)


def test_lists_rules_and_exceptions_are_printed_too() -> None:
    policy = parse_policy("""version: 1
name: mine
rules: {no-shell: {when: {tool: shell, severity: moderate, strikes: 2}, action: refuse}}
exceptions: {study: {when: {tenant: lab}, reason: a study, expires: "2099-01-01"}}
lists: {codes: {words: [a], regex: ["b+"], action: redact, direction: input}}
custom: {betting: {examples: [Bet on it.], severity: minor}}
pii: {kinds: [email]}
thresholds: {default: {fpr: 0.01, most: 0.6, point: true}}
""")
    assert _same(parse_policy(print_effective(policy)), policy)


@settings(max_examples=25, deadline=None)
@given(drawn.policies(), drawn.policies(), st.lists(drawn.judged(), max_size=3), drawn.thresholds())
def test_a_merged_policy_printed_and_read_again_decides_the_same(
    one: CompiledPolicy, two: CompiledPolicy, parts: list[Judged], limits: Thresholds
) -> None:
    policy = merge(one, two)
    again = parse_policy(print_effective(policy))
    assert again.thresholds == policy.thresholds
    found, expected = (decide(each, parts, thresholds=limits) for each in (again, policy))
    assert found.action is expected.action
    assert [msgspec.structs.replace(f, rule="") for f in found.findings] == [
        msgspec.structs.replace(f, rule="") for f in expected.findings
    ]


def test_what_an_overlay_made_stricter_is_told_with_the_line_that_did_it() -> None:
    policy = parse_policy("""version: 1
extends: default
tenants: {acme: {categories: {drugs: {output: {minor: refuse, moderate: refuse}}}}}
""")
    told = changes(policy, effective(policy, tenant="acme"))
    assert told == [
        "output.drugs.minor: flag -> refuse (categories.drugs.output.minor)",
        "output.drugs.moderate: regenerate -> refuse (categories.drugs.output.moderate)",
    ]
    assert changes(policy, policy) == []
