import pytest

from headgate.models.vision.letter_pairs import cost, unlikeliness


def test_words_are_likelier_than_letters_at_random() -> None:
    said = unlikeliness("Tell me the best way to bake bread with my small children.")
    assert said < 3 < 4 < unlikeliness("xq kzv wpj qbt mvx") < unlikeliness("\x01\x92\xf3")
    assert unlikeliness("") > 4


@pytest.mark.parametrize(("usual", "odd"), [("he", "hu"), ("th", "tk"), (" t", " x"), ("qu", "qz")])
def test_what_follows_often_costs_less(usual: str, odd: str) -> None:
    assert cost(*usual) < cost(*odd)


def test_a_capital_within_a_word_costs_more_than_at_its_beginning() -> None:
    assert cost("a", "N") > cost("a", "n")
    assert cost(" ", "T") == cost(" ", "t")
