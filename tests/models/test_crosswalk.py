import pytest

from headgate.models.crosswalk import (
    TAXONOMIES,
    covered,
    exported,
    imported,
    labels,
    severity_of_azure,
    severity_of_harmless_rate,
    severity_of_qwen,
    severity_when_flagged,
)
from headgate.models.errors import ConfigError
from headgate.models.taxonomy import SLUGS

EVERY_LABEL = [(taxonomy, label) for taxonomy in TAXONOMIES for label in labels(taxonomy)]


@pytest.mark.parametrize(("taxonomy", "label"), EVERY_LABEL)
def test_every_foreign_label_means_something_that_we_know(taxonomy, label):
    found = imported(taxonomy, label)
    assert {found.primary, *found.also, *found.candidates} <= set(SLUGS)
    assert found.ambiguous == bool(found.candidates)
    assert not found.ambiguous or found.candidates[0] == found.primary


@pytest.mark.parametrize("taxonomy", TAXONOMIES)
def test_every_category_lands_on_labels_that_the_taxonomy_has(taxonomy):
    for slug in SLUGS:
        found = exported(taxonomy, slug)
        assert {*found.primary, *found.partial} <= set(labels(taxonomy))


def test_spot_rows_of_the_import_table():
    assert imported("BT", "12").primary == "national_security"
    assert imported("BT", "12").also == ("violence", "human_trafficking")
    assert imported("SS", "contraband").also == ("weapons",)
    assert imported("OAI", "self-harm/intent").tag == "intent"
    assert imported("LG", "S13").tag == "election"
    assert imported("AE", "S12").severity == 1
    assert imported("QW", "Jailbreak").primary == "prompt_attack"
    assert imported("BTV", "sexual_crimes").also == ("child_safety", "human_trafficking")


def test_an_ambiguous_label_names_all_that_it_may_mean():
    found = imported("BT", "8")
    assert found.ambiguous
    assert found.candidates == ("mental_manipulation", "economic_crime", "white_collar_crime", "other")
    assert found.also == ()


def test_spot_rows_of_the_export_table():
    assert exported("OAI", "self_harm").primary == ("self-harm", "self-harm/intent", "self-harm/instructions")
    assert exported("BT", "discrimination").primary == ("3",)
    assert exported("BT", "discrimination").partial == ("6",)
    assert exported("SS", "discrimination").primary == ("racism", "other_discrimination")
    assert exported("AZ", "psychological_harm").partial == ("SelfHarm",)
    assert exported("OAI", "privacy").primary == exported("OAI", "privacy").partial == ()


def test_the_export_table_is_not_the_import_table_inverted():
    assert "S1" in exported("LG", "physical_harm").primary
    assert imported("LG", "S1").primary == "violence"
    assert exported("BT", "weapons").primary == ("4",)
    assert imported("BT", "4").primary == "drugs"


def test_coverage_says_what_a_taxonomy_cannot_speak_of():
    assert "privacy" not in covered("OAI")
    assert covered("AZ") == {"discrimination", "insult", "self_harm", "sexual_content", "violence"}
    assert not covered("SG") & {"copyright", "privacy", "environment"}


def test_an_unknown_label_slug_or_taxonomy_is_refused():
    with pytest.raises(ConfigError, match="SelfHarm"):
        imported("AZ", "Weather")
    with pytest.raises(ConfigError, match="weather"):
        exported("AZ", "weather")
    with pytest.raises(ConfigError, match="ZZ"):
        exported("ZZ", "violence")


def test_granite_is_imported_only():
    assert imported("GRANITE", "social_bias").primary == "discrimination"
    assert exported("GRANITE", "discrimination").primary == ()


def test_severities_keep_their_order():
    assert [severity_of_azure(level) for level in range(8)] == [0, 0, 1, 1, 2, 2, 3, 3]
    assert [severity_of_harmless_rate(rate) for rate in range(-3, 4)] == [3, 2, 1, 0, 0, 0, 0]
    levels = ("Safe", "Controversial", "Unsafe")
    assert [severity_of_qwen(level, slug="misinformation") for level in levels] == [0, 1, 2]
    assert severity_of_qwen("Unsafe", slug="child_safety") == 3
    assert severity_when_flagged("misinformation") == 1
    for wrong in (severity_of_azure, severity_of_harmless_rate):
        with pytest.raises(ConfigError):
            wrong(9)
