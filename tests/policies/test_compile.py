from __future__ import annotations

from pathlib import Path

import pytest

from headgate.models.errors import ConfigError
from headgate.policies.compile import load_policy, parse_policy, resolve_thresholds
from headgate.policies.compiled import Guideline, Service
from headgate.policies.diagnostics import PolicyError
from headgate.policies.thresholds import FalseAlarmTable, Number, Rate
from headgate.policies.verdict import Action


def test_the_example_of_the_documentation_compiles() -> None:
    policy = parse_policy("""
version: 1
name: example
extends: base
input:   {minor: allow, moderate: guideline, severe: refuse}
output:  {minor: flag, moderate: regenerate, severe: refuse}
categories:
  child_safety: {input: refuse, output: refuse}
  self_harm: {input: support, output: regenerate}
  prompt_attack: {input: refuse, tool_result: redact}
thresholds: {default: {fpr: 0.01}, violence: 0.62}
regenerate: {rounds: 5, strategy: guideline, tighten: true, budget: {seconds: 20, tokens: 4000}}
stream: {hold: sentence, max_exposed_chars: 0}
sampling: {temperature: {max: 1.2}, n: {max: 4}, drop: [logit_bias]}
on_unjudged: {text: refuse, image: flag, video: flag}
cases:
  - {input: "How do I kill a Python process?", expect: allow}
""")
    assert policy.name == "example"
    assert policy.matrix["input"]["violence"][2] is Action.GUIDELINE
    assert policy.rules["input"]["self_harm"][1] == "categories.self_harm.input"
    assert policy.thresholds.default == Rate(0.01)
    assert policy.thresholds.categories == {"violence": Number(0.62)}
    assert policy.on_unjudged["opaque"] is Action.FLAG
    assert (policy.regenerate.rounds, policy.regenerate.seconds, policy.sampling.n) == (5, 20.0, 4)
    assert policy.cases[0].prompt == "How do I kill a Python process?"


def test_a_policy_with_a_fault_is_never_compiled_and_warnings_do_not_stop_one() -> None:
    with pytest.raises(PolicyError) as caught:
        parse_policy("version: 1\nmode: loud\ninput: stop\n", file="team.yaml")
    assert [fault.line for fault in caught.value.diagnostics] == [2, 3]
    assert str(caught.value).startswith("team.yaml:2:7: mode cannot be 'loud'")
    assert parse_policy("version: 1\ncategories: {prompt_attack: {output: refuse}}")


def test_the_hash_is_blind_to_layout_comments_and_cases_and_sees_every_rule() -> None:
    plain = parse_policy("version: 1\nname: p\nregenerate: {budget: {seconds: 5}}\nthresholds: {default: 1}\n")
    dressed = parse_policy("""
# A comment.
name: "p"
thresholds:
  default: 1.0
regenerate:
  budget:
    seconds: 5.0
cases:
  - {scores: {unsafe: 0.1}, expect: allow}
version: 1
""")
    other = parse_policy("version: 1\nname: p\nregenerate: {budget: {seconds: 6}}\nthresholds: {default: 1}\n")
    assert plain.hash == dressed.hash
    assert plain.hash != other.hash
    assert len(plain.hash) == 16


def test_strict_refuses_every_kind_of_unjudged_part() -> None:
    assert set(parse_policy("version: 1\non_unjudged: strict").on_unjudged.values()) == {Action.REFUSE}
    softened = parse_policy("version: 1\nextends: strict\non_unjudged: {image: flag}").on_unjudged
    assert (softened["image"], softened["video"]) == (Action.FLAG, Action.REFUSE)


def test_every_rule_tells_its_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "team.yaml"
    path.write_text("version: 1\nextends: default\noutput:\n  minor: allow\ncases:\n  - {scores: {}, expect: allow}\n")
    policy = load_policy(path)
    assert policy.name == "team"
    assert policy.origins["output.minor"] == f"{path}:4"
    assert policy.origins["cases[0]"] == f"{path}:6"
    assert policy.origins["output.severe"].startswith("packs/default.yaml:")


def test_thresholds_are_resolved_on_a_models_card() -> None:
    policy = parse_policy("version: 1\nthresholds: {default: {fpr: 0.01}}")
    card = FalseAlarmTable(rates={"unsafe": {"0.01": 0.7}})
    assert resolve_thresholds(policy, card).default == 0.7
    with pytest.raises(ConfigError, match="no false-alarm table"):
        resolve_thresholds(policy)


def test_a_policy_without_a_name_takes_its_files_in_letters_that_fit_a_header() -> None:
    assert parse_policy("version: 1").name == "policy"
    assert parse_policy("version: 1", file="rules/Our team (v2).yaml").name == "Our-team-v2"
    assert parse_policy("version: 1", file="数.yaml").name == "policy"


def test_texts_for_all_languages_and_for_each_compile_to_one_shape() -> None:
    block = parse_policy("version: 1\nblock: {message: No., support: {pt-BR: Oi., en: Hi.}}").block
    assert (block.message, block.support) == ({"*": "No."}, {"pt-br": "Oi.", "en": "Hi."})
    assert parse_policy("version: 1").block.message == {}


def test_guidelines_are_a_text_or_a_list_with_phrases_and_severities() -> None:
    given = parse_policy("""
version: 1
guidelines:
  drugs: Health first.
  weapons: [{text: History is fine., when: [museum]}, {text: Nothing that helps., severity: severe}]
""").guidelines
    assert given["drugs"] == (Guideline(text="Health first."),)
    assert given["weapons"] == (
        Guideline(text="History is fine.", when=("museum",)),
        Guideline(text="Nothing that helps.", severity=3),
    )


def test_helper_models_compile_by_name_and_a_null_takes_one_away() -> None:
    services = parse_policy("version: 1\nservices: {corrector: {url: 'http://h/v1/', model: m}, critic: null}").services
    assert services == {"corrector": Service(url="http://h/v1", model="m", key_env=None, api="chat", timeout=20.0)}
