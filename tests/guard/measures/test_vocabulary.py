from __future__ import annotations

import pytest

from headgate.guard.measures.vocabulary import vocabulary
from headgate.models.crosswalk import imported


def test_our_own_slugs_are_read_as_they_are() -> None:
    known = vocabulary(["violence", "insult", "self_harm"])
    assert known is not None
    assert (known.taxonomy, known.slugs("insult")) == ("headgate", ("insult",))


def test_several_names_in_one_field_are_told_apart() -> None:
    known = vocabulary(["privacy_violation", "self_harm|discrimination,stereotype,injustice"])
    assert known is not None
    assert known.taxonomy == "BeaverTails"
    assert known.slugs("self_harm|discrimination,stereotype,injustice") == ("self_harm", "discrimination")
    own = vocabulary(["privacy,insult"])
    assert own is not None
    assert own.slugs("privacy,insult") == ("privacy", "insult")


@pytest.mark.parametrize(
    ("used", "taxonomy", "name"),
    [
        (["Hate Speech", "Dangerous"], "SG", "Hate Speech"),
        (["harassment", "hate/threatening"], "OAI", "harassment"),
        (["social_bias", "profanity"], "GRANITE", "profanity"),
    ],
)
def test_a_published_taxonomy_is_recognised_by_its_names(used: list[str], taxonomy: str, name: str) -> None:
    known = vocabulary(used)
    assert known is not None
    assert known.taxonomy == taxonomy
    entry = imported(taxonomy, name)  # type: ignore[arg-type]
    assert known.slugs(name)[0] == entry.primary


def test_short_names_of_the_openai_rows_mean_what_the_long_ones_do() -> None:
    known = vocabulary(["S,S3", "HR", "V2"])
    assert known is not None
    assert known.taxonomy == "OpenAI"
    assert "child_safety" in known.slugs("S,S3")


@pytest.mark.parametrize("used", [["tall tales"], ["violence", "tall tales"], ["S1", "S2"], [""], []])
def test_names_that_nobody_has_or_two_read_differently_are_not_guessed(used: list[str]) -> None:
    assert vocabulary(used) is None


def test_other_names_say_nothing() -> None:
    known = vocabulary(["insult"])
    assert known is not None
    assert known.slugs("smalltalk") == ()
