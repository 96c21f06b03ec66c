from __future__ import annotations

from headgate.policies.load import source_of_text
from headgate.policies.tree import chain, entries, entry, get, items, number, plain, text

ROOT = source_of_text("a: {b: [1, true, word, null]}\nc: 0.5\n").root


def test_a_path_leads_to_its_node_and_a_wrong_one_to_nothing() -> None:
    assert number(get(ROOT, "c")) == 0.5
    assert get(ROOT, "a", "x", "y") is None
    assert get(ROOT, "c", "x") is None
    assert entry(get(ROOT, "c"), "x") is None


def test_lookups_of_the_wrong_kind_are_empty_and_never_raise() -> None:
    assert items(ROOT) == ()
    assert entries(get(ROOT, "c")) == ()
    assert text(get(ROOT, "c")) is None


def test_a_boolean_is_no_number() -> None:
    one, true, word, null = items(get(ROOT, "a", "b"))
    assert [number(node) for node in (one, true, word, null)] == [1, None, None, None]


def test_a_tree_becomes_plain_values() -> None:
    assert plain(ROOT) == {"a": {"b": [1, True, "word", None]}, "c": 0.5}


def test_a_chain_begins_with_the_source_and_ends_with_the_base_of_all() -> None:
    assert [part.file for part in chain(source_of_text("extends: strict", file="mine.yaml"))] == [
        "mine.yaml",
        "packs/strict.yaml",
        "packs/base.yaml",
    ]
