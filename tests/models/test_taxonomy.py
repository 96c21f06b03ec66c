import pytest

from headgate.models.taxonomy import BY_ID, BY_SLUG, CATEGORIES, SLUGS, category


def test_there_are_28_categories_each_with_its_own_slug_and_id():
    assert len(CATEGORIES) == len(BY_SLUG) == len(BY_ID) == 28


def test_the_order_is_that_of_the_model_columns():
    assert list(BY_ID) == [f"S{number}" for number in range(1, 20)] + [f"X{number}" for number in range(1, 10)]
    assert SLUGS[0] == "national_security"
    assert SLUGS[19] == "prompt_attack"
    assert SLUGS[-1] == "other"


def test_severities_are_minor_to_severe_and_child_safety_cannot_go_below_severe():
    assert all(1 <= entry.severity <= 3 for entry in CATEGORIES)
    assert all(entry.floor <= entry.severity for entry in CATEGORIES)
    assert category("child_safety").floor == 3


def test_four_categories_are_for_mapping_only():
    assert [entry.slug for entry in CATEGORIES if entry.mapping_only] == [
        "graphic_content", "specialized_advice", "sensitive_topic", "other",
    ]  # fmt: skip


def test_an_unknown_slug_is_named():
    with pytest.raises(KeyError, match="weather"):
        category("weather")
