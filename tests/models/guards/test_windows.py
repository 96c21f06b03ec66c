from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from headgate.models.guards.windows import Windows

from .checkpoints import wordpiece

CLS, SEP = 2, 3


def test_a_short_text_is_one_row_as_the_tokenizer_makes_it():
    tokenizer = wordpiece()
    assert Windows(tokenizer, length=32).of("", "tea", "") == [tokenizer.encode("tea").ids]


@given(st.text(alphabet="abc ", min_size=1, max_size=120))
def test_windows_together_hold_every_token_in_order(text: str):
    tokenizer = wordpiece()
    rows = Windows(tokenizer, length=16).of("", text, "")
    assert rows is not None
    whole = tokenizer.encode(text, add_special_tokens=False).ids
    assert all(row[0] == CLS and row[-1] == SEP and len(row) <= 16 for row in rows)
    held = [row[1:-1] for row in rows]
    assert held[0] == whole[: len(held[0])]
    assert held[-1] == whole[len(whole) - len(held[-1]) :]
    for at in range(len(whole)):
        assert any(whole[at] in row for row in held)


def test_what_stands_around_a_text_is_in_every_window():
    tokenizer = Tokenizer(models.WordLevel({word: at for at, word in enumerate(["?", "q", "t", "e"])}, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    rows = Windows(tokenizer, length=12).of("q q ", "t " * 30, " e")
    assert rows is not None
    assert len(rows) > 2
    assert all(row[:2] == [1, 1] and row[-1] == 3 and set(row[2:-1]) == {2} for row in rows)


def test_a_question_that_fills_the_window_leaves_no_room():
    tokenizer = wordpiece()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A", special_tokens=[])
    assert Windows(tokenizer, length=16).of("a b c d e f g h i j k l ", "m n o p q r", "") is None
