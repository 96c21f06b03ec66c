from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from headgate.models.encoding import PairEncoder, window_starts

from .conftest import vocabulary, write_tokenizer

IDS = vocabulary()
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
