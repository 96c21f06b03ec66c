from headgate.models.guards.qwen3guard import CATEGORIES, COVERS, severities

LEVELS = {"Safe": 0.2, "Controversial": 0.3, "Unsafe": 0.5}


def test_every_category_of_the_model_is_one_of_the_crosswalk():
    assert len(CATEGORIES) == 9
    assert {"violence", "privacy", "copyright", "prompt_attack", "sensitive_topic"} <= COVERS


def test_levels_are_severities_and_unsafe_is_at_least_moderate():
    assert severities(LEVELS, ["PII"]) == {0: 0.2, 1: 0.3, 2: 0.5}
    assert severities(LEVELS, []) == {0: 0.2, 1: 0.3, 2: 0.5}


def test_what_a_label_may_mean_among_others_makes_nothing_severe():
    assert severities(LEVELS, ["Unethical"])[2] == 0.5
