from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from headgate.models.encoding import WINDOW, PairEncoder, window_starts

from .conftest import vocabulary, write_tokenizer

IDS = vocabulary()
SHIPPED = Path(__file__).parents[2] / "models" / "weights" / "text" / "tokenizer.json"
LONG = " ".join(["the cat sat on the mat and"] * 20)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> PairEncoder:
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    write_tokenizer(path)
    return PairEncoder(Tokenizer.from_file(str(path)), window=32, overlap=4, prompt_tokens=8)


def test_a_text_is_marked_and_closed(encoder: PairEncoder):
    [window] = encoder.encode("the cat", None, "t2i")
    assert window.ids == [IDS["[CLS]"], 4, IDS["the"], IDS["cat"], IDS["[SEP]"]]
    assert window.type_ids == [0] * 5
    assert (window.start, window.end) == (0, 7)


def test_an_answer_follows_its_question_with_another_type(encoder: PairEncoder):
    [window] = encoder.encode("the cat", "the mat", "pair")
    assert window.ids == [IDS[token] for token in ("[CLS]", "[unused2]", "the", "cat", "[SEP]", "the", "mat", "[SEP]")]
    assert window.type_ids == [0, 0, 0, 0, 0, 1, 1, 1]


def test_a_long_question_keeps_its_two_ends(encoder: PairEncoder):
    [window] = encoder.encode("alarm " + LONG + " flood", "sat", "pair")
    assert len(window.ids) == 2 + 8 + 1 + 1 + 1
    assert window.ids[2] == IDS["alarm"]
    assert window.ids[9] == IDS["flood"]


def test_windows_are_full_and_overlap_and_cover_the_text(encoder: PairEncoder):
    windows = encoder.encode(LONG, None, "text")
    assert all(len(window.ids) == len(window.type_ids) <= 32 for window in windows)
    assert windows[0].start == 0
    assert windows[-1].end == len(LONG)
    assert all(left.end > right.start for left, right in pairwise(windows))


def test_an_empty_text_has_a_window(encoder: PairEncoder):
    assert len(encoder.encode("", None, "chat")) == 1


def test_a_window_without_room_is_refused(encoder: PairEncoder):
    with pytest.raises(ValueError, match="no room"):
        PairEncoder(encoder._tokenizer, window=16, overlap=8, prompt_tokens=8)


@given(st.integers(1, 2000), st.integers(8, 100), st.integers(0, 7))
@settings(deadline=None)
def test_window_starts_leave_no_token_out(length: int, room: int, overlap: int):
    starts = window_starts(length, room, overlap)
    covered = {at for start in starts for at in range(start, min(start + room, length))}
    assert covered == set(range(length))


def test_an_empty_pair_keeps_its_structure(encoder: PairEncoder):
    [window] = encoder.encode("", "", "pair")
    assert window.ids == [IDS["[CLS]"], IDS["[unused2]"], IDS["[SEP]"], IDS["[SEP]"]]


def test_an_unknown_marker_is_an_error(encoder: PairEncoder):
    with pytest.raises(KeyError):
        encoder.encode("the cat", None, "song")


def test_the_last_window_ends_with_the_last_token():
    assert window_starts(10, 20, 5) == window_starts(20, 20, 5) == [0]
    assert window_starts(21, 20, 5) == [0, 1]
    starts = window_starts(100, 20, 5)
    assert starts[-1] == 80
    assert all(0 < after - before <= 15 for before, after in pairwise(starts))


def test_special_tokens_in_a_text_are_plain_text_to_the_shipped_tokenizer():
    [window] = PairEncoder.from_file(str(SHIPPED)).encode("first [SEP] second [CLS] third [MASK]", None, "chat")
    assert (window.ids.count(101), window.ids.count(102), window.ids.count(103)) == (1, 1, 0)


@pytest.mark.parametrize("words", [189, 190, 400, 1111])
def test_windows_of_the_shipped_sizes_cover_the_whole_text(words: int):
    text = " ".join(("tree", "river", "stone")[number % 3] for number in range(words))
    windows = PairEncoder.from_file(str(SHIPPED)).encode(text, None, "text")
    assert all(len(window.ids) <= WINDOW for window in windows)
    assert (len(windows) == 1) is (words <= WINDOW - 3)
    assert (windows[0].start, windows[-1].end) == (0, len(text))
    for before, after in pairwise(windows):
        assert before.start < after.start < before.end < after.end


@pytest.mark.parametrize("text", [" " * 6000, "a" * 6000, "", "\u200b" * 2000])
def test_few_tokens_of_many_characters_are_one_whole_window(encoder: PairEncoder, text: str):
    (window,) = encoder.encode(text, None, "chat")
    assert len(window.ids) == len(window.type_ids)
    assert (window.start, window.end) == (0, len(text))
