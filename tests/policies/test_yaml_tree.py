from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.policies.tree import entry, get, plain
from headgate.policies.yaml_tree import MAX_BYTES, parse_yaml


def read(text: str) -> object:
    parsed = parse_yaml(text, file="p.yaml")
    assert not parsed.faults
    return plain(parsed.root)


def faults(text: str) -> list[tuple[str, int, int]]:
    return [(fault.code, fault.line, fault.column) for fault in parse_yaml(text, file="p.yaml").faults]


def test_keys_and_values_know_their_line_and_column() -> None:
    root = parse_yaml("# a comment\na:\n  bee: word\n", file="p.yaml").root
    found = entry(get(root, "a"), "bee")
    assert found is not None
    assert (found.mark.line, found.mark.column, found.mark.width) == (3, 3, 3)
    assert (found.value.mark.line, found.value.mark.column, found.value.mark.width) == (3, 8, 4)


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("no", "no"), ("off", "off"), ("12:30:00", "12:30:00"), ("2026-01-01", "2026-01-01"), ("0o7", "0o7"),
        ("1e-3", 0.001), (".5", 0.5), ("-7", -7), ("true", True), ("~", None), ("", None), ("'1'", "1"), ('"no"', "no"),
        ("9" * 5000, "9" * 5000), ('"\\ud83d\\ude00"', "\U0001f600"),
    ],
)  # fmt: skip
def test_plain_words_follow_the_core_rules_without_yaml_1_1_surprises(word: str, value: object) -> None:
    assert read(f"a: {word}") == {"a": value}


def test_anchors_and_merge_keys_are_unfolded_and_own_keys_win() -> None:
    text = "a: &row {minor: flag, severe: refuse}\nb: *row\nc: {<<: *row, minor: allow}\n"
    assert read(text) == {
        "a": {"minor": "flag", "severe": "refuse"},
        "b": {"minor": "flag", "severe": "refuse"},
        "c": {"minor": "allow", "severe": "refuse"},
    }


def test_a_key_given_twice_is_a_fault_at_the_second() -> None:
    assert faults("a: 1\nb: {c: 1, c: 2}\na: 2\n") == [("duplicate-key", 2, 11), ("duplicate-key", 3, 1)]


@pytest.mark.parametrize(
    "text",
    [
        "a: &x [*x]",
        "a: *nowhere",
        "a: !!python/object/apply:os.getcwd []",
        "a: !secret word",
        "a: 1\n---\nb: 2",
        "a: [1, 2",
        "a: {b: ]",
        "a: \x00",
        'a: "\\uD800"',
        'a: "\\UFFFFFFFF"',
    ],
)
def test_what_no_policy_needs_is_a_syntax_fault_and_never_an_exception(text: str) -> None:
    assert [code for code, _, _ in faults(text)] == ["syntax"]


def test_an_empty_file_and_a_list_are_no_policy() -> None:
    assert faults("# nothing\n") == [("empty", 1, 1)]
    assert faults("- a\n") == [("wrong-type", 1, 1)]
    assert faults("{[a]: b}") == [("bad-key", 1, 2)]


def test_size_depth_and_unfolded_aliases_are_bounded() -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 20))
    deep = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 60))
    assert [code for code, _, _ in faults(bomb)] == ["too-large"]
    assert [code for code, _, _ in faults(deep)] == ["too-deep"]
    assert [code for code, _, _ in faults("a: " + "[" * 5000)] == ["too-deep"]
    assert [code for code, _, _ in faults("a: " + "x" * MAX_BYTES)] == ["too-large"]


@settings(max_examples=300)
@given(st.one_of(st.text(max_size=60), st.text(alphabet="ab:-[]{}&*!|>'\"\\ \n\t#,?~<%@u0", max_size=40)))
def test_no_text_makes_the_reader_raise(text: str) -> None:
    parse_yaml(text, file="p.yaml")
