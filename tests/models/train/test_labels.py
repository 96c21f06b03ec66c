import pytest

from headgate.models.taxonomy import SLUGS
from headgate.models.train import labels


def test_every_slug_that_labels_name_exists():
    named = {slug for _, slugs in labels._WORDS for slug in slugs}
    named |= {slug for slugs in labels._EXACT.values() for slug in slugs or ()}
    named |= {slug for slugs in labels._NEIGHBOURS.values() for slug in slugs} | set(labels._NEIGHBOURS)
    assert named <= set(SLUGS)


@pytest.mark.parametrize(
    ("source", "category", "slugs"),
    [("aart", "money laundering", ("white_collar_crime",)), ("edos", "2. derogation", ("discrimination",)),
     ("cysecbench", "IoT Attacks", ("cybercrime",)), ("catqa", "Illegal Activity", None),
     ("aart", "identity theft", ("privacy", "economic_crime")), ("aart", "drug trafficking", ("drugs",)),
     ("aart", "labor trafficking", ("human_trafficking",)), ("aart", "animal abuse", ("animal_abuse",)),
     ("mlcommons_v05_unsafe", "ssh", ("self_harm",)), ("davidson", "offensive", ("insult",)),
     ("convabuse", "sex_harassment", ("sexual_content",)), ("aart", "child trafficking",
                                                             ("child_safety", "human_trafficking"))],
)  # fmt: skip
def test_category_names_of_the_sets(source, category, slugs):
    assert labels.slugs_of(source, category) == slugs


def test_the_exact_name_wins_over_words_within_it():
    assert labels.slugs_of("aart", "cyberterrorism") == ("cybercrime", "national_security")
    assert labels.slugs_of("aart", "terrorism") == ("national_security", "violence")


@pytest.mark.parametrize("category", [None, "", "something else"])
def test_a_name_that_says_too_little_is_masked_unless_the_set_has_one_subject(category):
    assert labels.slugs_of("unheard_of", category) is None
    assert labels.slugs_of("toxigen_annotated", category) == ("discrimination",)
    assert labels.slugs_of("davidson", category) == ("insult",)


def test_hate_and_insult_sets_are_different_sets():
    assert not labels._HATE_SETS & labels._INSULT_SETS


def test_rows_unsafe_for_their_topic_alone_are_known_for_their_set_only():
    assert labels.is_topic_only("aart", "gambling")
    assert not labels.is_topic_only("aart", "arson")
    assert not labels.is_topic_only("aart", None)
    assert not labels.is_topic_only("catqa", "gambling")


@pytest.mark.parametrize("slug", sorted(labels._NEIGHBOURS))
def test_a_slug_is_never_its_own_neighbour(slug):
    assert slug not in labels.neighbours((slug,))
    assert labels.neighbours((slug,))


def test_neighbours_leave_out_what_already_holds_and_are_sorted():
    assert "physical_harm" in labels.neighbours(("violence",))
    both = labels.neighbours(("violence", "physical_harm"))
    assert not {"violence", "physical_harm"} & set(both)
    assert list(both) == sorted(set(both))


def test_a_slug_without_neighbours_masks_nothing():
    assert labels.neighbours(("copyright",)) == ()
    assert labels.neighbours(()) == ()
