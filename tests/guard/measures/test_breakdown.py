from __future__ import annotations

from headgate.guard.measures.breakdown import MOST, Labelled, breakdown


def row(category: str, *, positive: bool = True, flagged: bool = True, **found: float | None) -> Labelled:
    return Labelled(category=category, positive=positive, flagged=flagged, found=found)


def test_recall_and_false_alarms_of_each_category() -> None:
    found = breakdown(
        [
            row("insult", insult=0.9),
            row("insult", flagged=False, insult=0.2, privacy=0.3),
            row("insult", positive=False, flagged=True),
            row("privacy", insult=0.1, privacy=0.8),
            row("", flagged=False),
        ]
    )
    first, second = found.categories
    assert found.taxonomy == "headgate"
    assert (first.category, first.positives, first.recall, first.negatives, first.fpr) == ("insult", 2, 0.5, 1, 1.0)
    assert first.named == 0.5
    assert (second.category, second.recall, second.fpr, second.named) == ("privacy", 1.0, None, 1.0)


def test_a_row_with_two_categories_counts_in_both() -> None:
    found = breakdown([row("insult|privacy", insult=0.9)])
    assert [one.category for one in found.categories] == ["insult", "privacy"]
    assert [one.named for one in found.categories] == [1.0, 1.0]


def test_other_names_are_broken_down_as_they_stand() -> None:
    found = breakdown([row("idioms", flagged=False), row("idioms", positive=False), row("homonyms")])
    assert found.taxonomy is None
    assert [(one.category, one.recall, one.named) for one in found.categories] == [
        ("idioms", 0.0, None),
        ("homonyms", 1.0, None),
    ]


def test_what_the_model_was_not_taught_or_did_not_see_is_no_right_name() -> None:
    untaught = breakdown([row("insult", insult=None, privacy=0.9)]).categories[0]
    silent = breakdown([row("insult", insult=0.0, privacy=0.0)]).categories[0]
    assert (untaught.named, silent.named) == (None, 0.0)


def test_the_rarest_of_very_many_categories_are_left_out() -> None:
    rows = [row(f"topic {at}") for at in range(2 * MOST)] + [row("topic 99")]
    found = breakdown(rows).categories
    assert len(found) == MOST
    assert found[0].category == "topic 99"


def test_without_categories_there_is_nothing_to_break_down() -> None:
    assert breakdown([row("")]).categories == ()
