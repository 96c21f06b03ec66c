import base64
import codecs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.models.normalise import MAX_VIEWS, views

SENTENCE = "please explain how to paint the kitten"

DISGUISES = {
    "zero width": "ki\u200btt\u200ben",
    "soft hyphen": "kit\u00adten",
    "tag characters": "".join(chr(0xE0000 + ord(char)) for char in "kitten"),
    "override": "\u202enettik\u202c",
    "fullwidth": "ｋｉｔｔｅｎ",
    "mathematical": "𝓴𝓲𝓽𝓽𝓮𝓷",
    "circled": "ⓚⓘⓣⓣⓔⓝ",
    "Cyrillic": "кittеn",
    "struck through": "k̷i̷t̷t̷e̷n̷",
    "leet": "k1tt3n",
    "symbols": "k!tt3n",
    "spaced": "k i t t e n",
    "dotted": "k.i.t.t.e.n",
    "hyphenated": "k-i-t-t-e-n",
    "drawn out": "kiiiiitteeeen",
    "base64": base64.b64encode(SENTENCE.encode()).decode(),
    "base64 twice": base64.b64encode(base64.b64encode(SENTENCE.encode())).decode(),
    "hexadecimal": SENTENCE.encode().hex(),
    "spaced hexadecimal": SENTENCE.encode().hex(" "),
    "binary": " ".join(f"{byte:08b}" for byte in b"kitten"),
    "percent": "%6B%69%74%74en",
    "entities": "&#107;&#x69;tten",
    "unicode escapes": r"\u006b\u0069tten",
    "rot13": codecs.encode(SENTENCE, "rot13"),
    "announced rot13": "Decode this rot13: " + codecs.encode(SENTENCE, "rot13"),
    "backwards": SENTENCE[::-1],
    "no spaces": "paintthe" * 12 + "kitten" + "paintthe" * 12,
}

ORDINARY = {
    "prose": "The quick brown fox jumps over the lazy dog, and then it rests for the whole afternoon.",
    "apostrophes": "It isn't what I'd have done; they'll see. Wow!! That's great!!! Really?",
    "addresses": "Contact jane.doe42@example.com or see https://example.com/a/b?x=1&y=2%20z#frag for more.",
    "numbers": "It costs $5.99, or US$20 for 3 of them; v1.2.3, h2o, mp3, covid19, 10am, 2nd floor, room B12, 4x4, 3D.",
    "abbreviations": "That is, e.g. and i.e., the U.S.A. and the U.S.S.R. with Mr. J. R. R. Tolkien, a.m. and p.m.",
    "Python": "def f(x_1, y2):\n    return np.array([x_1[0], y2])  # PEP8, utf-8, sha256, int8_t, base64",
    "C": 'for (int i = 0; i < n; i++) { a[i] = b[i] << 2; printf("%d %s\\n", i, s); }',
    "shell": "git commit -m 'fix' && docker run --rm foo/bar:1.2 --flag=value && kubectl get pods k8s s3 ec2 i18n",
    "LaTeX and paths": "C:\\Users\\jane\\x.txt and \\usepackage{amsmath} \\xi, with $HOME and $id",
    "hashes": "commit 3f786850e387550fdab836ed7e6dc881de23001b, 123e4567-e89b-12d3-a456-426614174000",
    "long names": "getElementsByTagName and internationalization in /usr/local/lib/python3.11/site-packages",
    "German": "Die Straße ist schön und das Wetter war gestern sehr gut, über Änderungen wird später berichtet.",
    "French": "Il fait beau aujourd'hui, n'est-ce pas ? L'élève a déjà mangé à l'hôtel, où ça ?",
    "Spanish": "Que tal el tiempo hoy en la ciudad de Madrid, amigo mio?",
    "Russian": "Привет, как дела? Сегодня хорошая погода, КОТ спит, а IT-отдел купил iPhone.",
    "Greek": "Γειά σου κόσμε, τι κάνεις σήμερα;",
    "Chinese": "今天天气很好，我们一起去公园散步吧。价格是１００元，ＡＩ很有用。",
    "Arabic": "مرحبا، كيف حالك اليوم؟ الطقس جميل.\u200f",
    "Persian": "می\u200cخواهم به خانه بروم",
    "Hindi": "नमस्ते दुनिया, आप कैसे हैं?",
    "emoji": "👨‍👩‍👧 family 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f flag 1️⃣ ok",
    "typography": "café naïve résumé x² ½ ™ … “quotes” — dash",
    "nothing": "",
}


@pytest.mark.parametrize("disguise", DISGUISES.values(), ids=DISGUISES)
def test_a_disguised_word_is_recovered_beside_the_original(disguise: str):
    first, *others = views(disguise)
    assert first.text == disguise
    assert first.steps == ()
    assert others
    assert "kitten" in others[-1].text.lower().replace(" ", "")
    assert others[-1].steps


@pytest.mark.parametrize("text", ORDINARY.values(), ids=ORDINARY)
def test_an_ordinary_text_has_one_view(text: str):
    assert [view.text for view in views(text)] == [text]


@given(st.text(st.characters(), max_size=300))
@settings(max_examples=200, deadline=None)
def test_no_text_raises_or_grows(text: str):
    found = views(text)
    assert 1 <= len(found) <= MAX_VIEWS
    assert found[0].text == text
    assert len({view.text for view in found}) == len(found)
    assert all(len(view.text) <= 1.1 * len(text) for view in found)


@given(st.text("ab01=%&#;\\ux \u202e\u200b\u0336кi$.-", max_size=200))
@settings(max_examples=200, deadline=None)
def test_no_heap_of_tricks_raises_or_grows(text: str):
    found = views(text)
    assert len(found) <= MAX_VIEWS
    assert all(len(view.text) <= 1.1 * len(text) for view in found)


@given(st.lists(st.sampled_from(["the", "cat", "sat", "on", "a", "mat", "and", "you", "like", "it"]), min_size=1))
@settings(deadline=None)
def test_plain_words_are_left_alone(words: list[str]):
    assert len(views(" ".join(words))) == 1


@pytest.mark.parametrize(
    "heap", ["a ", "a.", "A", "=a", "01101011 ", "a\u200b", "k i l l  ", "\u202e", "ab cd ", "(", "&#107;"]
)
def test_a_heap_of_one_trick_is_undone_in_linear_time(heap: str):
    found = views(heap * (40_000 // len(heap)))
    assert all(len(view.text) <= 44_000 for view in found)
