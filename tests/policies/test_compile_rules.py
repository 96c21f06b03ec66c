from __future__ import annotations

from pathlib import Path

import pytest

from headgate.policies.compile import load_policy, parse_policy
from headgate.policies.diagnostics import PolicyError
from headgate.policies.listed import Rule, When
from headgate.policies.show import show
from headgate.policies.verdict import Action

TEXT = """version: 1
name: mine
extends: default
rules:
  no-shell: {when: {tool: [shell, sql], language: DE}, action: refuse}
exceptions:
  study: {when: {tenant: lab, severity: minor}, reason: a study, expires: "2099-01-01"}
lists:
  rivals: {file: words/rivals.txt, action: flag, direction: output}
custom:
  betting: {examples: ["Bet on it."], severity: minor}
pii: {kinds: [email, email], output: refuse}
"""


TAKES_AWAY = "version: 1\nextends: mine.yaml\nrules: {no-shell: null}\nlists: {rivals: null}\n"


def _written(folder: Path) -> Path:
    (folder / "words").mkdir()
    (folder / "words" / "rivals.txt").write_text("# our rivals\nAcme\n\nUmbrella\n")
    (folder / "mine.yaml").write_text(TEXT)
    return folder / "mine.yaml"


def test_blocks_compile_to_values_under_their_names(tmp_path: Path) -> None:
    policy = load_policy(_written(tmp_path))
    when = When(tool=("shell", "sql"), language=("de",))
    assert policy.raises == (Rule(name="no-shell", when=when, action=Action.REFUSE),)
    (excuse,) = policy.exceptions
    assert (excuse.when.severity, excuse.action, excuse.expires) == (1, Action.FLAG, "2099-01-01")
    (rivals,) = policy.lists
    assert (rivals.file, rivals.directions, len(rivals.digest)) == (
        str(tmp_path / "words" / "rivals.txt"),
        ("output",),
        16,
    )
    assert policy.custom[0].severity == 1
    assert policy.pii is not None
    assert (policy.pii.kinds, policy.pii.actions["output"]) == (("email",), Action.REFUSE)


def test_what_a_file_of_words_holds_is_part_of_the_hash(tmp_path: Path) -> None:
    path = _written(tmp_path)
    before = load_policy(path).hash
    (tmp_path / "words" / "rivals.txt").write_text("Acme\n")
    assert load_policy(path).hash != before


def test_a_printed_policy_finds_its_files_from_anywhere(tmp_path: Path) -> None:
    policy = load_policy(_written(tmp_path))
    again = parse_policy(show(policy), file="/elsewhere/p.yaml")
    assert again.hash == policy.hash


def test_a_nearer_policy_takes_a_rule_away_with_null(tmp_path: Path) -> None:
    _written(tmp_path)
    (tmp_path / "child.yaml").write_text(
        "version: 1\nextends: mine.yaml\nrules: {no-shell: null}\nlists: {rivals: null}\n"
    )
    child = load_policy(tmp_path / "child.yaml")
    assert (child.raises, child.lists) == ((), ())
    assert child.exceptions


def test_a_list_whose_file_is_missing_is_a_fault_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("version: 1\nlists: {a: {file: gone.txt, action: flag}}\n")
    with pytest.raises(PolicyError, match=r"mine.yaml:2:19: lists.a.file cannot be read"):
        load_policy(tmp_path / "mine.yaml")
