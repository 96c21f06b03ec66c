from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.guard.language import guessed, languages


def test_a_header_is_followed_by_weight_and_a_region_comes_before_its_language() -> None:
    assert languages("fr;q=0.5, de-CH, pt-BR;q=0.8, *;q=0.1") == ("de-ch", "de", "pt-br", "pt", "fr")


@pytest.mark.parametrize("wish", ["", "*", "de;q=0", "12", ";q=1", "de;q=x"])
def test_a_header_that_wishes_for_nothing_leaves_it_to_the_text(wish: str) -> None:
    assert languages(wish, "Ich weiß nicht, wie es mit mir weitergeht.") == ("de",)
    assert languages(wish) == ()


def test_a_header_wins_over_the_text() -> None:
    assert languages("en", "Ich weiß nicht, wie es mit mir weitergeht.") == ("en",)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("What can I do? It is too much for me.", "en"),
        ("No sé qué hacer, estoy cansado y no quiero hablar con mi familia.", "es"),
        ("Je ne sais pas comment le dire, je suis si fatigué.", "fr"),
        ("Eu não sei como dizer, estou muito cansado e quero parar.", "pt"),
        ("Ich kann nicht mehr, es ist alles zu viel.", "de"),
        ("我不知道该怎么办", "zh"),
        ("どうすればいいか分かりません", "ja"),
        ("मुझे नहीं पता क्या करूँ", "hi"),
        ("আমি জানি না কী করব", "bn"),
        ("لا أعرف ماذا أفعل", "ar"),
        ("مجھے نہیں معلوم کیا کروں", "ur"),
        ("Я не знаю, что делать", "ru"),
        ("Please translate the word 你好 for me, what is it in English?", "en"),
        ("xyzzy", None),
        ("", None),
    ],
)
def test_the_language_of_a_text_is_guessed_by_script_and_small_words(text: str, language: str | None) -> None:
    assert guessed(text) == language


@given(st.text(), st.text())
def test_nothing_that_a_caller_sends_fails_and_tags_are_lower_case(wish: str, text: str) -> None:
    found = languages(wish, text)
    assert all(tag == tag.lower() for tag in found)
    assert len(set(found)) == len(found)
