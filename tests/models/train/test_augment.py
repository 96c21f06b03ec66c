import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.models.train import augment
from headgate.models.train.rows import UNKNOWN, Row

SENTENCE = "we planted some beautiful tulips in our garden yesterday"
MARKERS = ("chat", "text", "t2i", "t2v")


def row(**changes):
    return Row(**({"source": "s", "marker": "chat", "prompt": "How do I plant tulips?", "unsafe": 0.0} | changes))


def rng(seed=0):
    return np.random.default_rng(seed)


def test_obfuscation_leaves_short_words_alone():
    assert {augment.obfuscate(SENTENCE, rng(seed)).split(" ")[0] for seed in range(5)} == {"we"}


def test_obfuscation_changes_long_words_in_every_way_it_knows():
    made = {augment.obfuscate(SENTENCE, rng(seed)) for seed in range(30)}
    assert any("0" in text or "3" in text for text in made)
    assert any("\u200b" in text for text in made)
    assert any("а" in text for text in made)  # the Cyrillic letter
    assert any(" t u l i p s" in text for text in made)


def test_zero_width_obfuscation_reads_as_the_same_text():
    made = [augment.obfuscate(SENTENCE, rng(seed)) for seed in range(30)]
    hidden = [text for text in made if "\u200b" in text]
    assert hidden
    assert {text.replace("\u200b", "") for text in hidden} == {SENTENCE}


@given(st.text(max_size=40), st.integers(0, 50))
@settings(deadline=None)
def test_sloppy_typing_drops_the_last_mark_the_capitals_or_one_letter(text, seed):
    one_less = {text[:at] + text[at + 1 :] for at in range(max(len(text), 1))}
    assert augment.sloppy(text, rng(seed)) in {text.lower(), text.rstrip(".?! "), *one_less}


def test_style_words_keep_label_and_text():
    made = [augment.style(row(marker="t2i", prompt="a red barn"), rng(seed)) for seed in range(60)]
    assert all("a red barn" in one.prompt for one in made)
    assert any(one.prompt != "a red barn" for one in made)
    assert {one.unsafe for one in made} == {0.0}


def test_style_words_fall_on_both_classes_alike():
    for seed in range(20):
        calm, harmful = (
            augment.style(row(marker="t2i", prompt="a red barn", unsafe=unsafe), rng(seed)) for unsafe in (0.0, 1.0)
        )
        assert (calm.prompt, calm.marker) == (harmful.prompt, harmful.marker)


def test_some_picture_prompts_become_video_prompts_and_none_go_back():
    assert {augment.style(row(marker="t2i"), rng(seed)).marker for seed in range(60)} == {"t2i", "t2v"}
    assert {augment.style(row(marker="t2v"), rng(seed)).marker for seed in range(30)} == {"t2v"}


def test_wrapped_harmless_request_is_an_attack_of_unknown_harm():
    made = augment.wrap(row(severity=0), rng(3))
    assert (made.attack, made.unsafe, made.severity) == (1.0, UNKNOWN, -1)
    assert "How do I plant tulips?" in made.prompt


def test_wrapped_unsafe_request_stays_unsafe_with_its_severity():
    made = augment.wrap(row(unsafe=1.0, severity=2), rng(3))
    assert (made.attack, made.unsafe, made.severity) == (1.0, 1.0, 2)


@pytest.mark.parametrize("wrapper", augment.WRAPPERS)
def test_every_wrapper_has_one_place_for_the_request(wrapper):
    assert wrapper.count("{}") == 1
    assert wrapper.format("{not a slot}").count("{not a slot}") == 1


@given(st.sampled_from(MARKERS), st.sampled_from([0.0, 1.0]), st.integers(0, 10_000))
@settings(deadline=None)
def test_no_change_turns_a_harmless_row_unsafe_or_an_unsafe_row_safe(marker, unsafe, seed):
    made = augment.augment(row(marker=marker, unsafe=unsafe, severity=int(unsafe)), rng(seed))
    assert made.unsafe == unsafe or (unsafe == 0.0 and made.unsafe == UNKNOWN and made.attack == 1.0)
    assert made.positive or unsafe == 0.0
    assert (made.source, made.weight, made.response) == ("s", 1.0, None)


def test_the_same_seed_changes_a_row_in_the_same_way():
    rows = [row(marker=marker) for marker in MARKERS] * 10
    assert [augment.augment(one, rng(i)) for i, one in enumerate(rows)] == [
        augment.augment(one, rng(i)) for i, one in enumerate(rows)
    ]


def test_most_rows_are_left_as_they_are():
    kept = sum(augment.augment(row(), rng(seed)) == row() for seed in range(300))
    assert 180 < kept < 270


def test_attack_rows_are_neither_wrapped_again_nor_framed():
    made = [augment.augment(row(attack=1.0, unsafe=UNKNOWN, prompt=SENTENCE), rng(seed)) for seed in range(200)]
    assert {one.marker for one in made} == {"chat"}
    assert max(len(one.prompt) for one in made) < 3 * len(SENTENCE)  # spaced letters at most double it


def test_some_pairs_lose_their_prompt_and_keep_their_answer():
    made = [augment.augment(row(marker="pair", response="Dig a hole."), rng(seed)) for seed in range(200)]
    dropped = [one for one in made if not one.prompt]
    assert 4 < len(dropped) < 40
    assert {one.response for one in dropped} == {"Dig a hole."}


def test_answers_like_articles_become_documents_without_a_response():
    pair = row(marker="pair", source="oasst1_en", response="Tulips like sun.", refusal=0.0)
    made = [augment.augment(pair, rng(seed)) for seed in range(100)]
    documents = [one for one in made if one.marker != "pair"]
    assert {one.marker for one in documents} == {"text", "chat"}
    assert all(one.response is None and one.refusal == UNKNOWN for one in documents)
    assert all("Tulips like sun." in one.prompt for one in documents)


def test_answers_of_other_sets_never_become_documents():
    pair = row(marker="pair", response="Tulips like sun.")
    assert {augment.augment(pair, rng(seed)).marker for seed in range(100)} == {"pair"}


def test_a_frame_hides_how_severe_an_unsafe_request_is():
    made = [augment.augment(row(unsafe=1.0, severity=2), rng(seed)) for seed in range(300)]
    framed = [one for one in made if len(one.prompt) > 60 and one.attack != 1.0]
    assert framed
    assert {(one.attack, one.severity, one.unsafe) for one in framed} == {(UNKNOWN, -1, 1.0)}
