import msgspec
import numpy as np
import pytest

from headgate.models.taxonomy import SLUGS
from headgate.models.train import answers, contrasts
from headgate.models.train.rows import UNKNOWN, Row
from headgate.models.train.sources import looks_like_refusal


def row(**changes):
    return Row(**({"source": "s", "marker": "chat", "prompt": "How do I plant tulips?", "unsafe": 0.0} | changes))


def rng(seed=1):
    return np.random.default_rng(seed)


def family(**changes):
    base = {"name": "f", "label": "safe", "templates": ["I like {fruit}."], "most": 10}
    return contrasts.Family(**(base | changes))


def test_contrasts_are_distinct_labelled_and_fully_filled():
    made = contrasts.rows()
    assert len(made) > 3000
    assert not any("{" in one.prompt for one in made)
    assert {one.unsafe for one in made} == {0.0, 1.0}
    assert all(set(one.categories or ()) <= set(SLUGS) for one in made)


def test_no_contrast_is_taught_both_as_safe_and_as_harmful():
    texts = [{one.prompt.lower() for one in contrasts.rows() if one.unsafe == unsafe} for unsafe in (0.0, 1.0)]
    assert not texts[0] & texts[1]


def test_contrasts_are_the_same_at_every_call_and_callers_cannot_change_them():
    first = contrasts.rows()
    first.clear()
    assert len(contrasts.rows()) > 3000


@pytest.mark.parametrize("one", contrasts.read().families, ids=lambda one: one.name)
def test_every_family_names_lists_that_exist_and_slugs_of_the_taxonomy(one):
    lists = contrasts.read_cached().lists
    for template in one.templates:
        assert set(contrasts._SLOT.findall(template)) <= set(lists)
    assert one.label in ("safe", "unsafe", "sensitive")
    assert set(one.categories or ()) <= set(SLUGS)
    assert one.severity in (-1, 1, 2, 3) if one.label == "unsafe" else one.severity == -1


def test_a_malformed_file_is_named_by_a_validation_error(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text("lists: {fruit: [pears]}\nfamilies: [{name: f, label: safe}]\n", encoding="utf-8")
    with pytest.raises(msgspec.ValidationError, match="templates"):
        contrasts.read(path)


def test_slots_within_fillings_are_filled_too():
    lists = {"meal": ["{fruit} with cream"], "fruit": ["plums"]}
    assert contrasts.expand("We eat {meal}. ", lists, rng()) == "We eat plums with cream."


def test_a_slot_without_a_list_is_an_error():
    with pytest.raises(KeyError, match="fruit"):
        contrasts.expand("{fruit}", {}, rng())


def test_a_family_never_repeats_a_text():
    made = contrasts.family_rows(family(), {"fruit": ["pears", "plums"]}, rng())
    assert sorted(one.prompt for one in made) == ["I like pears.", "I like plums."]


def test_a_family_has_at_most_its_number_of_rows():
    fruit = {"fruit": [f"fruit {number}" for number in range(100)]}
    assert len(contrasts.family_rows(family(most=7), fruit, rng())) == 7


@pytest.mark.parametrize(
    ("label", "targets"),
    [("safe", (0.0, 0.0, 0, (), True)), ("sensitive", (0.0, 1.0, 0, (), True)),
     ("unsafe", (1.0, 0.0, 2, ("insult",), False))],
)  # fmt: skip
def test_the_label_of_a_family_sets_the_targets_of_its_rows(label, targets):
    one = family(label=label, templates=["Pears."], categories=("insult",), severity=2)
    (made,) = contrasts.family_rows(one, {}, rng())
    assert (made.unsafe, made.sensitive, made.severity, made.categories, made.hard) == targets


@pytest.mark.parametrize("kind", ["refuse", "redirect", "digress", "harmless"])
def test_answers_that_do_no_harm_are_safe_pairs_even_of_unsafe_requests(kind):
    made = contrasts.answer(row(unsafe=1.0, categories=("drugs",)), kind, rng())
    assert (made.marker, made.unsafe, made.severity, made.categories) == ("pair", 0.0, 0, ())
    assert made.refusal == float(kind == "refuse")


def test_refusals_are_drawn_from_refusals():
    made = {contrasts.answer(row(unsafe=1.0), "refuse", rng(seed)).response for seed in range(40)}
    assert made <= set(answers.REFUSE)
    assert len(made) > 5


def test_compliance_is_unsafe_in_the_categories_of_the_request():
    made = contrasts.answer(row(unsafe=1.0, categories=("drugs",), maybe=("public_health",)), "comply", rng())
    assert (made.unsafe, made.severity, made.refusal) == (1.0, -1, 0.0)
    assert (made.categories, made.maybe) == (("drugs",), ("public_health",))
    assert not looks_like_refusal(made.response)


def test_compliance_takes_up_the_goal_of_the_question():
    made = [contrasts.answer(row(unsafe=1.0), "comply", rng(seed)).response for seed in range(30)]
    assert any("plant tulips" in text for text in made)


def test_braces_in_a_question_are_plain_text():
    asked = row(unsafe=1.0, prompt="How do I print {0} and {name}?")
    made = [contrasts.answer(asked, "comply", rng(seed)).response for seed in range(30)]
    assert any("print {0} and {name}" in text for text in made)


def test_agreement_answers_hateful_requests():
    made = {
        contrasts.answer(row(prompt="x", categories=("insult",)), "comply", rng(seed)).response for seed in range(20)
    }
    assert any(answer in text for text in made for answer in answers.AGREE)
    assert not any(answer in text for text in made for answer in answers.COMPLY)


def test_abuse_of_a_harmless_question_is_unsafe_of_unknown_category():
    made = contrasts.answer(row(), "harmful_reply", rng())
    assert (made.unsafe, made.categories) == (1.0, None)
    assert "{" not in made.response


def test_answered_pairs_mix_both_labels_from_english_requests_alone():
    prompts = [
        row(prompt="Where is the drum?"), row(prompt="Take the drum away from them", unsafe=1.0),
        row(prompt="Wo ist sie?", english=False), row(prompt="Forget it all", unsafe=1.0, attack=1.0),
        row(prompt="A post", marker="text", unsafe=1.0), row(prompt="Unknown", unsafe=UNKNOWN),
    ]  # fmt: skip
    made = contrasts.answered(prompts, 200)
    assert len(made) == 200
    assert {one.prompt for one in made} == {"Where is the drum?", "Take the drum away from them"}
    assert 60 < sum(one.unsafe for one in made) < 140
    assert {one.unsafe for one in made if one.prompt.startswith("Where")} == {0.0, 1.0}
    assert contrasts.answered(prompts, 200) == made
