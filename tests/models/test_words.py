import codecs

from headgate.models.words import COMMON, hits, reads_as_text


def test_no_common_word_is_another_one_backwards_or_in_rot13():
    for word in COMMON:
        assert word[::-1] not in COMMON - {word}
        assert codecs.encode(word, "rot13") not in COMMON


def test_hits_count_common_words_of_any_case():
    assert hits("The cat and THE dog, nowhere") == 3


def test_words_read_as_text_and_bytes_do_not():
    assert reads_as_text("kitten")
    assert reads_as_text("what is that")
    assert not reads_as_text("xkcdqwrtz")
    assert not reads_as_text("#$%&/()=")
    assert not reads_as_text("")
