from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings

from headgate.policies.compile import load_policy, parse_policy
from headgate.policies.compiled import CompiledPolicy
from headgate.policies.load import packs
from headgate.policies.show import show

from . import drawn


def bare(policy: CompiledPolicy) -> CompiledPolicy:
    # Where a line stood is all that may change when a policy is printed.
    return msgspec.structs.replace(policy, origins={})


@pytest.mark.parametrize("name", packs())
def test_a_printed_pack_reads_back_as_the_same_policy(name: str) -> None:
    policy = load_policy(name)
    assert bare(parse_policy(show(policy))) == bare(policy)


@settings(max_examples=30, deadline=None)
@given(drawn.policies())
def test_a_printed_policy_reads_back_as_the_same_policy(policy: CompiledPolicy) -> None:
    again = parse_policy(show(policy))
    assert bare(again) == bare(policy)
    assert show(again) == show(policy)


def test_words_that_would_be_read_as_something_else_are_quoted() -> None:
    policy = parse_policy('version: 1\nname: "1e3"\nguidelines: {violence: "null", insult: "no"}\n')
    printed = show(policy)
    assert 'name: "1e3"' in printed
    assert 'violence: "null"' in printed


@pytest.mark.parametrize("text", ["0\x85", "a\u2028b", "\u2029"])
def test_rare_line_breaks_survive_printing(text: str) -> None:
    policy = parse_policy(f"version: 1\nguidelines: {{insult: {msgspec.json.encode('x' + text + 'y').decode()}}}\n")
    assert bare(parse_policy(show(policy))) == bare(policy)


def test_what_is_inherited_is_printed_too() -> None:
    assert "on_error: closed" in show(parse_policy("version: 1"))
    assert "extends" not in show(load_policy("default"))
