from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.gateway.interpolate import filled
from headgate.policies.tree import plain
from headgate.policies.yaml_tree import parse_yaml

ENVIRONMENT = {"NAME": "value", "EMPTY": "", "TRICK": "${NAME} $$"}


def fill(value: str) -> object:
    done = filled(parse_yaml(f"key: {value}\n", file="f").root, ENVIRONMENT)
    return [fault.code for fault in done.faults] or plain(done.root)


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("${NAME}", {"key": "value"}),
        ("a${NAME}b${NAME}", {"key": "avaluebvalue"}),
        ("${OTHER:-spare}", {"key": "spare"}),
        ("${NAME:-spare}", {"key": "value"}),
        ("${EMPTY:-spare}", {"key": "spare"}),
        ("x${OTHER:-}", {"key": "x"}),
        ("${OTHER:-}", {}),
        ("'$${NAME}'", {"key": "${NAME}"}),
        ("a$b", {"key": "a$b"}),
        ("['${NAME}', {deep: '${NAME}'}]", {"key": ["value", {"deep": "value"}]}),
        ("''", {"key": ""}),
    ],
)
def test_references_become_what_the_environment_says(written: str, found: object) -> None:
    assert fill(written) == found


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("${OTHER}", "unset-variable"),
        ("${EMPTY}", "unset-variable"),
        ("${", "bad-reference"),
        ("${1}", "bad-reference"),
    ],
)
def test_a_reference_that_leads_nowhere_is_a_fault(written: str, code: str) -> None:
    assert fill(f"'{written}'") == [code]


def test_what_came_from_the_environment_is_not_read_again() -> None:
    assert fill("${TRICK}") == {"key": "${NAME} $$"}


@given(st.text(st.characters(codec="ascii", exclude_characters="$"), max_size=40))
def test_a_text_without_a_dollar_stays_as_it_is(text: str) -> None:
    parsed = parse_yaml(f"key: {text!r}\n", file="f").root
    assert filled(parsed, {}).root == parsed
