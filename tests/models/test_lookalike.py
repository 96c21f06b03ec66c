import pytest

from headgate.models.lookalike import chunks, invisible, is_odd, leet, lookalikes, repeats, spacing


def test_invisible_characters_go_and_flags_and_joined_emoji_stay():
    assert invisible("ki\u200btt\u2060en") == "kitten"
    assert invisible("👨‍👩‍👧") == "👨‍👩‍👧"
    assert invisible("می\u200cخواهم") == "می\u200cخواهم"


def test_tag_characters_are_written_out():
    assert invisible("hi" + "".join(chr(0xE0000 + ord(char)) for char in " there")) == "hi there"


def test_an_override_is_read_as_it_is_shown():
    assert invisible("\u202enettik\u202c") == "kitten"


@pytest.mark.parametrize("hidden", ["кitten", "kіtten", "𝗸𝗶𝘁𝘁𝗲𝗻", "k̷i̷t̷t̷e̷n", "kit\u0301\u0302\u0303ten", "ᴋɪᴛᴛᴇɴ"])
def test_lookalikes_become_latin(hidden: str):
    assert lookalikes(hidden) == "kitten"
    assert is_odd(hidden)


def test_a_word_of_nothing_but_lookalikes_is_latin_only_among_latin_words():
    assert lookalikes("a real раре here") == "a real pape here"
    assert lookalikes("раре и дом") == "раре и дом"


@pytest.mark.parametrize("real", ["Привет, мир", "Γειά σου κόσμε", "déjà vu", "日本語ＡＩ", "naïve e\u0301te\u0301"])
def test_real_foreign_text_stays(real: str):
    assert lookalikes(real) == real


@pytest.mark.parametrize("hidden", ["k i t t e n", "k.i.t.t.e.n", "k_i_t_t_e_n", "k*i*t*t*e*n"])
def test_letters_set_apart_are_joined(hidden: str):
    assert spacing(hidden) == "kitten"


def test_wider_gaps_are_spaces():
    assert spacing("a  k i t t e n  s a t") == "a  kitten sat"


@pytest.mark.parametrize("ordinary", ["a b c d", "U.S.S.R.", "x, y, z", "I am a man", "J. R. R. Tolkien", "k i t"])
def test_lists_and_initials_are_not_joined(ordinary: str):
    assert spacing(ordinary) == ordinary


SPELLED = {"k1tt3n": "kitten", "p4ssw0rd": "password", "b00k": "book", "cra$h": "crash", "he11o": "hello"}


@pytest.mark.parametrize(("hidden", "plain"), SPELLED.items())
def test_digits_and_symbols_inside_a_word_become_letters(hidden: str, plain: str):
    assert leet(hidden) == plain


NAMES = "h2o mp3 utf8 v1.2.3 k8s i18n $5 log4j jane@example.com 4x4 x1 sha256 a@b"


@pytest.mark.parametrize("ordinary", NAMES.split())
def test_names_versions_and_prices_are_left(ordinary: str):
    assert leet(ordinary) == ordinary


def test_drawn_out_letters_are_shortened():
    assert repeats("kiiiitten") == "kitten"
    assert repeats("goooood") == "good"
    assert repeats("www.example.com III hello") == "www.example.com III hello"


def test_a_run_of_letters_that_no_tokenizer_would_read_is_cut_into_pieces():
    run = "kitten" * 30
    assert chunks(f"a {run} b").replace(" ", "") == f"a{run}b"
    assert max(map(len, chunks(run).split())) <= 50
    assert chunks("kitten " * 30 + "0a" * 90) == "kitten " * 30 + "0a" * 90
