from __future__ import annotations

from headgate.models.errors import ConfigError
from headgate.policies.diagnostics import Mark, PolicyError, error, errors, ordered, render, suggest, warning

TEXT = "version: 1\nmode:\tloud\n"


def test_a_fault_shows_its_place_its_line_and_a_caret_under_the_word() -> None:
    (found,) = ordered(
        [error(Mark("p.yaml", 2, 7, 4), "code", "mode cannot be 'loud'", hint="valid: a")], texts={"p.yaml": TEXT}
    )
    assert render(found).split("\n") == [
        "p.yaml:2:7: mode cannot be 'loud'",
        "    mode:\tloud",
        "         \t^^^^",
        "  hint: valid: a",
    ]


def test_a_warning_says_so_and_a_fault_without_a_line_has_no_caret() -> None:
    assert render(warning(Mark("gone.yaml"), "code", "not there")) == "gone.yaml:1:1: warning: not there"


def test_the_caret_stays_inside_its_line() -> None:
    (found,) = ordered([error(Mark("p", 1, 11, 40), "code", "late")], texts={"p": "version: 1"})
    assert render(found).split("\n")[2] == " " * 14 + "^"


def test_diagnostics_are_told_once_in_the_order_of_files_and_lines() -> None:
    faults = [error(Mark("b", 1), "x", "3"), error(Mark("a", 2), "x", "2"), error(Mark("a", 1), "x", "1")]
    found = ordered([*faults, faults[0]], texts={"a": "", "b": ""})
    assert [fault.message for fault in found] == ["1", "2", "3"]


def test_only_errors_keep_a_policy_from_running() -> None:
    assert errors([warning(Mark("a"), "x", "a warning")]) == []


def test_a_hint_offers_the_nearest_name_only_where_one_is_near() -> None:
    assert suggest("violense", ["violence", "drugs"]) == "did you mean 'violence'? valid: violence, drugs"
    assert suggest("zzz", ["violence", "drugs"]) == "valid: violence, drugs"


def test_a_policy_error_is_a_config_error_that_carries_every_fault() -> None:
    faults = [error(Mark("a", 1), "x", "one"), error(Mark("a", 2), "x", "two")]
    failure = PolicyError(faults)
    assert isinstance(failure, ConfigError)
    assert failure.diagnostics == tuple(faults)
    assert str(failure) == "a:1:1: one\na:2:1: two"
