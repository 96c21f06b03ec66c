from __future__ import annotations

import sys

import pytest

from headgate.guard.commands.policy_cases import SHOWN, described, print_cases
from headgate.policies.cases import CaseResult, run_cases
from headgate.policies.compile import parse_policy
from headgate.policies.compiled import Case, Scores
from headgate.policies.verdict import Action

POLICY = parse_policy("""version: 1
name: mine
cases:
  - {scores: {unsafe: 0.9, severity: severe, categories: {drugs: 0.8}}, expect: refuse, note: a plain case}
  - {scores: {unsafe: 0.1, sensitive: 0.9}, expect: refuse}
  - {input: "How do I boil an egg?", expect: allow}
""")


def shown(results: list[CaseResult], capsys: pytest.CaptureFixture[str]) -> str:
    print_cases("mine", results)
    return capsys.readouterr().out


def test_each_case_has_a_line_where_nobody_looks_at_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(run_cases(POLICY), capsys).splitlines() == [
        "<policy>:4: input: unsafe 0.9, drugs 0.8, severe: expected refuse: passed",
        "<policy>:5: input: unsafe 0.1, sensitive 0.9: expected refuse: failed, got support",
        "<policy>:6: input: How do I boil an egg?: expected allow: skipped, it needs a model",
        "mine: 1 of 3 cases pass, 1 skipped",
    ]


def test_in_a_terminal_it_is_a_table(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "120")
    found = shown(run_cases(POLICY), capsys)
    assert all(word in found for word in ("direction", "expected", "a plain case", "support", "failed"))
    assert found.splitlines()[-1] == "mine: 1 of 3 cases pass, 1 skipped"


def test_a_policy_without_cases_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown([], capsys) == "mine: 0 of 0 cases pass\n"


def test_a_long_text_is_shortened_and_an_answer_stands_for_its_exchange() -> None:
    long = Case(prompt="a" * 100, response=None, expect=Action.ALLOW, direction="input", scores=None)
    assert len(described(long)) == SHOWN
    pair = Case(prompt="Hm?", response="So.", expect=Action.ALLOW, direction="output", scores=None)
    assert described(pair) == "So."
    assert described(Case(prompt="", response=None, expect=Action.ALLOW, direction="input", scores=Scores())) == (
        "unsafe 0"
    )
