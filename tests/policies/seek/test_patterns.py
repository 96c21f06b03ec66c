from __future__ import annotations

import pytest

from headgate.policies.seek.patterns import BadPattern, Patterns, compiled


def test_it_finds_every_match_in_code_points() -> None:
    found = Patterns([r"AKIA[0-9]{2}", r"é+"], ignore_case=False).find("éé AKIA12 akia34")
    assert sorted(found) == [(0, 2), (3, 9)]


def test_case_matters_only_where_it_is_asked_to() -> None:
    assert list(Patterns(["akia"], ignore_case=True).find("AKIA")) == [(0, 4)]
    assert list(Patterns(["akia"], ignore_case=False).find("AKIA")) == []
    assert list(Patterns([], ignore_case=True).find("anything")) == []


def test_half_a_character_in_a_text_does_no_harm() -> None:
    assert list(Patterns(["b"], ignore_case=True).find("a\ud800b")) == [(2, 3)]


@pytest.mark.parametrize("expression", [r"(a)\1", "(?=a)", "x*", "[a-"])
def test_what_cannot_run_in_linear_time_or_matches_nothing_at_all_is_refused(expression: str) -> None:
    with pytest.raises(BadPattern):
        compiled(expression, ignore_case=True)
