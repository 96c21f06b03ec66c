import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.guard.strategies.stream_aligner import Revision, may_correct, revised, revision


def test_the_corrector_is_asked_with_stream_aligner_s_published_template() -> None:
    consult = revision("Why?", prefix="One. ", sentence="Two!\n\n")
    assert consult.service == "corrector"
    assert consult.prompt == (
        "##Question: Why? | ##Answer_Prefix: One. | ##Answer_Last_Sentence: Two! | ##Your_Revision: "
    )


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Kind words.", Revision("\n  Kind words.\n\n")),
        ("##Your_Revision: Kind words. | ##Question: more", Revision("\n  Kind words.\n\n")),
        ("CORRECTION: [[Kind words.]]\nEOS: [[FALSE]]", Revision("\n  Kind words.\n\n")),
        ("CORRECTION: [[Kind words.]] EOS: [[TRUE]]", Revision("\n  Kind words.\n\n", ends=True)),
        ("Kind words. EOS: [[true]]", Revision("\n  Kind words.\n\n", ends=True)),
    ],
)
def test_a_revision_stands_between_the_separators_of_its_sentence(said: str, expected: Revision) -> None:
    assert revised("\n  Bad words.\n\n", said) == expected


@pytest.mark.parametrize("said", [None, "", "  ", "Bad  words.", "##Question: x", "CORRECTION: [[ ]] EOS: [[TRUE]]"])
def test_a_silent_corrector_or_a_copy_is_no_revision(said: str | None) -> None:
    assert revised("Bad words. ", said) is None


def test_corrections_are_bounded() -> None:
    assert [may_correct(done, most=2) for done in range(4)] == [True, True, False, False]
    assert not may_correct(0, most=0)


@given(st.text(), st.text(alphabet=" \n\t"), st.text(alphabet=" \n\t"), st.text())
def test_separators_are_kept_exactly(core: str, before: str, after: str, said: str) -> None:
    sentence = f"{before}x{core}x{after}"
    found = revised(sentence, said)
    assert found is None or (found.text.startswith(before) and found.text.endswith(after))
