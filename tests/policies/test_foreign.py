from __future__ import annotations

import pytest

from headgate.policies.compile import parse_policy
from headgate.policies.diagnostics import PolicyError
from headgate.policies.thresholds import Number
from headgate.policies.verdict import Action


def test_a_label_stands_for_every_category_that_it_may_hold() -> None:
    policy = parse_policy("""version: 1
taxonomy: llama_guard
categories: {S2: {input: refuse}, S11: {input: support}}
thresholds: {S7: 0.4}
""")
    for slug in ("economic_crime", "cybercrime", "drugs"):
        assert policy.matrix["input"][slug][1] is Action.REFUSE
    assert policy.matrix["input"]["self_harm"][1] is Action.SUPPORT
    assert policy.thresholds.categories == {"privacy": Number(0.4)}


def test_of_labels_that_share_a_category_the_stricter_line_holds_cell_by_cell() -> None:
    policy = parse_policy("""version: 1
taxonomy: openai
input: {minor: allow, moderate: allow, severe: refuse}
categories:
  harassment: {input: {minor: flag, moderate: flag}}
  harassment/threatening: {input: {moderate: refuse}}
thresholds: {violence: 0.7, violence/graphic: 0.5}
""")
    assert policy.matrix["input"]["insult"] == (Action.ALLOW, Action.FLAG, Action.REFUSE, Action.REFUSE)
    assert policy.thresholds.categories["violence"] == Number(0.5)


def test_our_own_names_are_understood_beside_theirs_and_come_first() -> None:
    policy = parse_policy(
        "version: 1\ntaxonomy: azure\ncategories: {prompt_attack: {input: flag}, Hate: {input: refuse}}\n"
    )
    assert policy.matrix["input"]["prompt_attack"][1] is Action.FLAG
    assert policy.matrix["input"]["discrimination"][1] is Action.REFUSE


def test_what_is_in_no_taxonomy_is_a_fault_at_its_place() -> None:
    with pytest.raises(PolicyError, match=r"p.yaml:3:14: unknown category 'Hatred'"):
        parse_policy("version: 1\ntaxonomy: azure\ncategories: {Hatred: {input: refuse}}\n", file="p.yaml")
    with pytest.raises(PolicyError, match="taxonomy cannot be 'google'"):
        parse_policy("version: 1\ntaxonomy: google\n")


def test_the_words_of_a_file_are_its_own_and_not_inherited() -> None:
    child = parse_policy("version: 1\nextends: llama-guard\ncategories: {privacy: {input: flag}}\n")
    assert child.matrix["input"]["privacy"][1] is Action.FLAG
    with pytest.raises(PolicyError, match="unknown category 'S7'"):
        parse_policy("version: 1\nextends: llama-guard\ncategories: {S7: {input: flag}}\n")
