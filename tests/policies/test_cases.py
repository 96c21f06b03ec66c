from __future__ import annotations

import pytest

from headgate.policies.cases import assessed_of, run_cases
from headgate.policies.compile import load_policy, parse_policy
from headgate.policies.compiled import Case, Scores
from headgate.policies.load import packs
from headgate.policies.verdict import Action


@pytest.mark.parametrize("name", packs())
def test_every_pack_passes_its_own_cases(name: str) -> None:
    results = run_cases(load_policy(name))
    assert [result for result in results if result.outcome == "failed"] == []
    assert sum(result.outcome == "passed" for result in results) >= 7


def test_a_case_without_scores_is_judged_by_the_model_that_is_given_or_skipped() -> None:
    text = 'version: 1\ncases:\n  - {prompt: "Good morning.", expect: allow}\n  - {response: "Hm.", expect: refuse}\n'
    policy = parse_policy(text, file="p.yaml")
    seen: list[Case] = []

    def judge(case: Case) -> Action:
        seen.append(case)
        return Action.ALLOW

    assert [result.outcome for result in run_cases(policy)] == ["skipped", "skipped"]
    results = run_cases(policy, judge)
    assert [(result.outcome, result.got, result.place) for result in results] == [
        ("passed", Action.ALLOW, "p.yaml:3"),
        ("failed", Action.ALLOW, "p.yaml:4"),
    ]
    assert [(case.prompt, case.response, case.direction) for case in seen] == [
        ("Good morning.", None, "input"),
        ("", "Hm.", "output"),
    ]


def test_scores_that_a_case_leaves_out_were_not_assessed() -> None:
    assessed = assessed_of(Scores(unsafe=0.9, severity=2, categories={"insult": 0.8}))
    assert assessed.severity == (0.0, 0.0, 1.0, 0.0)
    assert assessed.categories["insult"] == 0.8
    assert assessed.categories["violence"] is None
    assert assessed_of(Scores()).severity is None
