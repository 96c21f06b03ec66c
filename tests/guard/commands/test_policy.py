from __future__ import annotations

import json
from pathlib import Path

from headgate.policies import load_policy, packs, parse_policy

from ..dialogue import BAD, WORSE
from .shell import headgate

MINE = """version: 1
name: mine
extends: default
cases:
  - {input: "How do I boil an egg?", expect: allow}
  - {prompt: "And?", response: "A %s idea.", expect: regenerate}
  - {input: "A %s idea.", direction: document, expect: redact}
  - {input: "A %s idea.", direction: output, expect: regenerate}
"""


def _mine(folder: Path, text: str = MINE % (BAD, WORSE, BAD)) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text)
    return path


def test_a_sound_policy_validates(tmp_path: Path) -> None:
    found = headgate("policy", "validate", _mine(tmp_path))
    assert (found.exit_code, found.stdout) == (0, f"{tmp_path / 'mine.yaml'}: ok\n")


def test_every_fault_is_listed_with_its_place_and_exits_1(tmp_path: Path) -> None:
    path = _mine(tmp_path, "version: 1\nname: mine\ninput: {minor: alow}\ncolour: red\n")
    found = headgate("policy", "validate", path)
    assert found.exit_code == 1
    assert f"{path}:3:16: " in found.stdout
    assert f"{path}:4:1: " in found.stdout
    assert "allow" in found.stdout


def test_faults_are_json_for_programs(tmp_path: Path) -> None:
    found = headgate("policy", "validate", _mine(tmp_path, "version: 1\nname: mine\ncolour: red\n"), "--json")
    (fault,) = json.loads(found.stdout)["diagnostics"]
    assert (fault["line"], fault["column"], fault["severity"]) == (3, 1, "error")


def test_cases_run_through_the_model_in_their_direction(tmp_path: Path) -> None:
    found = headgate("policy", "test", _mine(tmp_path))
    assert found.exit_code == 0, found.output
    assert "4 of 4 cases pass" in found.stdout


def test_a_case_that_fails_is_named_with_its_line_and_exits_1(tmp_path: Path) -> None:
    path = _mine(tmp_path, 'version: 1\nname: mine\ncases:\n  - {input: "A fine day.", expect: refuse}\n')
    found = headgate("policy", "test", path)
    assert found.exit_code == 1
    assert f"{path}:4: input: A fine day.: expected refuse: failed, got allow" in found.stdout


def test_without_a_model_only_given_scores_are_tested(tmp_path: Path) -> None:
    found = headgate("policy", "test", _mine(tmp_path), "--no-model")
    assert found.exit_code == 0
    assert found.stdout.splitlines()[-1] == f"{tmp_path / 'mine.yaml'}: 0 of 4 cases pass, 4 skipped"
    assert found.stdout.count("skipped, it needs a model") == 4


def test_the_cases_of_every_shipped_policy_pass_where_scores_are_given() -> None:
    found = headgate("policy", "test", "--no-model", "--json")
    results = json.loads(found.stdout)["policies"]
    assert found.exit_code == 0
    assert set(results) == set(packs())


def test_what_is_shown_is_the_policy_in_force(tmp_path: Path) -> None:
    path = _mine(tmp_path)
    shown = headgate("policy", "show", path).stdout
    assert parse_policy(shown).hash == load_policy(path).hash
    assert json.loads(headgate("policy", "show", path, "--json").stdout)["name"] == "mine"


def test_a_policy_with_faults_is_not_shown(tmp_path: Path) -> None:
    found = headgate("policy", "show", _mine(tmp_path, "version: 1\nname: mine\ncolour: red\n"))
    assert found.exit_code == 2
    assert "mine.yaml:3:1" in found.stderr


def test_the_schema_and_the_names_are_printed() -> None:
    assert json.loads(headgate("policy", "schema").stdout)["title"] == "Headgate policy"
    assert headgate("policy", "list").stdout.split() == list(packs())
