from __future__ import annotations

from headgate.models.taxonomy import SLUGS
from headgate.policies.effective import Cell, cells, merged
from headgate.policies.load import source_of_text
from headgate.policies.tree import Fields, Source
from headgate.policies.verdict import Action


def row(text: str, direction: str, slug: str) -> list[tuple[str, str]]:
    cell: tuple[Cell, ...] = cells(merged(source_of_text(text)))[direction][slug]
    return [(one.action.value, one.rule) for one in cell]


def test_the_matrix_is_total_over_directions_and_categories() -> None:
    matrix = cells(merged(source_of_text("version: 1")))
    assert {direction: tuple(rows) for direction, rows in matrix.items()} == dict.fromkeys(
        ("input", "output", "tool_result", "document"), SLUGS
    )


def test_a_categorys_row_wins_over_its_directions_and_falls_back_where_it_is_silent() -> None:
    text = "input: {minor: allow, moderate: flag, severe: refuse}\ncategories: {insult: {input: {moderate: refuse}}}"
    assert row(text, "input", "insult") == [
        ("allow", "input.minor"),
        ("refuse", "categories.insult.input.moderate"),
        ("refuse", "input.severe"),
    ]


def test_a_line_of_the_child_wins_over_the_same_line_of_its_parent_and_leaves_the_rest() -> None:
    assert row("extends: default\noutput: {minor: allow}", "output", "violence") == [
        ("allow", "output.minor"),
        ("regenerate", "output.moderate"),
        ("refuse", "output.severe"),
    ]


def test_a_single_action_stands_for_all_severities_in_parent_and_child() -> None:
    assert row("input: refuse", "input", "violence") == [("refuse", "input")] * 3
    assert row("categories: {child_safety: {input: {minor: refuse}}}", "input", "child_safety") == [
        ("refuse", "categories.child_safety.input.minor"),
        ("refuse", "categories.child_safety.input.moderate"),
        ("refuse", "categories.child_safety.input.severe"),
    ]


def test_a_cell_that_nobody_decided_is_refused() -> None:
    bare = Source(file="p", text="", root=Fields(source_of_text("a: 1").root.mark))
    assert cells(merged(bare))["output"]["violence"][0].action is Action.REFUSE


def test_name_and_cases_are_not_inherited() -> None:
    keys = [item.key for item in merged(source_of_text("version: 1\nextends: default")).entries]
    assert "cases" not in keys
    assert "name" not in keys
    assert "sampling" in keys
