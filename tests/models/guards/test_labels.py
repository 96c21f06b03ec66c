from headgate.models.guards.labels import Scores, assessed, covers

from .replies import ANSWER, PROMPT, found, unknown


def test_what_a_guard_never_looks_for_is_not_assessed():
    judged = assessed(PROMPT, Scores(frozenset({"violence"})), unsafe=0.0)
    assert judged.categories["violence"] == 0.0
    assert "privacy" in unknown(judged)


def test_a_label_scores_its_first_meaning_and_leaves_the_second_open():
    scores = Scores(covers("LG", ["S1", "S4"]))
    scores.label("LG", "S1", 0.9)
    judged = assessed(PROMPT, scores, unsafe=0.9)
    assert found(judged) == {"violence": 0.9}
    assert {"physical_harm", "child_safety", "animal_abuse"} <= unknown(judged)


def test_a_label_that_did_not_fire_leaves_nothing_open():
    scores = Scores(covers("LG", ["S1"]))
    scores.label("LG", "S1", 0.1)
    assert assessed(PROMPT, scores, unsafe=0.1).categories["physical_harm"] == 0.0


def test_an_ambiguous_label_scores_every_candidate_and_says_so():
    scores = Scores(covers("LG", ["S2"]))
    scores.label("LG", "S2", 0.8)
    judged = assessed(PROMPT, scores, unsafe=0.8)
    assert judged.ambiguous
    assert set(found(judged)) == {"economic_crime", "cybercrime", "drugs", "white_collar_crime", "human_trafficking"}


def test_the_highest_of_several_labels_counts():
    scores = Scores(frozenset())
    scores.add("violence", 0.3)
    scores.add("violence", 0.2)
    assert scores.categories["violence"] == 0.3


def test_an_answer_is_no_attack():
    scores = Scores(frozenset({"prompt_attack"}))
    scores.add("prompt_attack", 0.9)
    assert assessed(ANSWER, scores, unsafe=0.9).categories["prompt_attack"] is None


def test_a_severity_level_left_out_has_no_probability():
    assert assessed(PROMPT, Scores(frozenset()), unsafe=0.5, severity={1: 1.0}).severity == (0.0, 1.0, 0.0, 0.0)
