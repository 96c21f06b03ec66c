from __future__ import annotations

from headgate.policies.checks import diagnose
from headgate.policies.load import source_of_text
from headgate.policies.sarif import sarif


def test_each_diagnostic_is_a_result_at_its_line_and_column() -> None:
    found = diagnose(
        source_of_text("version: 1\nmode: loud\ncategories: {prompt_attack: {output: refuse}}\n", file="p.yaml")
    )
    (run,) = sarif(found, version="1.2.3")["runs"]
    assert run["tool"]["driver"]["version"] == "1.2.3"
    assert [(one["ruleId"], one["level"]) for one in run["results"]] == [
        ("unknown-choice", "error"),
        ("unreachable", "warning"),
    ]
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "p.yaml"}
    assert place["region"] == {"startLine": 2, "startColumn": 7, "endColumn": 11}
    assert all(run["tool"]["driver"]["rules"][one["ruleIndex"]]["id"] == one["ruleId"] for one in run["results"])


def test_a_sound_policy_has_no_results() -> None:
    assert sarif([], version="1")["runs"][0]["results"] == []
