import itertools
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from headgate.models.encoding import MARKERS, WINDOW, PairEncoder, window_starts

TOKENIZER = Path(__file__).parents[3] / "models" / "weights" / "text" / "tokenizer.json"
CLS, SEP = 101, 102


@pytest.fixture(scope="module")
def encoder() -> PairEncoder:
    return PairEncoder.from_file(str(TOKENIZER))


def test_short_prompt_is_one_window_with_its_marker(encoder):
    (window,) = encoder.encode("Good morning", None, "chat")
    assert window.ids[:2] == [CLS, MARKERS["chat"]]
    assert window.ids[-1] == SEP
    assert len(window.ids) == 5
    assert set(window.type_ids) == {0}
    assert (window.start, window.end) == (0, len("Good morning"))


def test_response_has_type_one_and_follows_the_prompt(encoder):
    (window,) = encoder.encode("How are you?", "Fine, thanks.", "pair")
    first = window.ids.index(SEP)
    assert window.type_ids[: first + 1] == [0] * (first + 1)
    assert set(window.type_ids[first + 1 :]) == {1}
    assert window.ids.count(SEP) == 2


def test_empty_texts_still_give_a_window(encoder):
    assert encoder.encode("", None, "text")[0].ids == [CLS, MARKERS["text"], SEP]
    assert encoder.encode("", "", "pair")[0].ids == [CLS, MARKERS["pair"], SEP, SEP]


def test_long_prompt_of_a_pair_keeps_both_ends(encoder):
    prompt = "alpha " + "middle " * 200 + "omega"
    (window,) = encoder.encode(prompt, "yes", "pair")
    assert window.ids.index(SEP) == 2 + 64
    plain = Tokenizer.from_file(str(TOKENIZER))
    assert plain.token_to_id("alpha") in window.ids
    assert plain.token_to_id("omega") in window.ids


@pytest.mark.parametrize("words", [189, 190, 400, 1111])
def test_windows_cover_the_whole_text_and_overlap(encoder, words):
    text = " ".join(["tree", "river", "stone"][i % 3] for i in range(words))
    windows = encoder.encode(text, None, "text")
    assert all(len(window.ids) <= WINDOW for window in windows)
    assert windows[0].start == 0
    assert windows[-1].end == len(text)
    for before, after in itertools.pairwise(windows):
        assert before.start < after.start < before.end < after.end


def test_special_tokens_in_a_text_are_plain_text(encoder):
    (window,) = encoder.encode("first [SEP] second [CLS] third [MASK]", None, "chat")
    assert window.ids.count(SEP) == 1
    assert window.ids.count(CLS) == 1
    assert 103 not in window.ids


def test_unknown_marker_is_an_error(encoder):
    with pytest.raises(KeyError):
        encoder.encode("x", None, "song")


def test_window_without_room_is_refused():
    with pytest.raises(ValueError, match="no room"):
        PairEncoder(Tokenizer.from_file(str(TOKENIZER)), window=100, prompt_tokens=64, overlap=48)


def test_window_starts_end_exactly_at_the_end():
    assert window_starts(10, 20, 5) == [0]
    assert window_starts(20, 20, 5) == [0]
    assert window_starts(21, 20, 5) == [0, 1]
    starts = window_starts(100, 20, 5)
    assert starts[-1] == 80
    assert all(0 < after - before <= 15 for before, after in itertools.pairwise(starts))
