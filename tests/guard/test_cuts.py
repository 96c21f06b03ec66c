from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.guard.cuts import cut_text, cuts_of, restored, restored_text, words_of
from headgate.guard.weigh import weigh
from headgate.models.assessment import Unjudged
from headgate.models.content import Part, Text
from headgate.models.fakes import scores

from .dialogue import rules

RULES = rules("version: 1\nextends: default\npii: {kinds: [email]}\nlists: {codes: {words: [zebra], action: redact}}\n")


def _text(text: str, path: str = "messages[0].content") -> Text:
    return Text(text=text, path=path)


def _cuts(*parts: Part) -> dict[str, str]:
    decision = weigh(RULES, parts, [scores()] * len(parts))
    return {cut.placeholder: cut.words for cut in cuts_of(decision, parts, restore=True)}


def test_the_same_words_get_the_same_placeholder_everywhere() -> None:
    one = _text("From a@x.org to b@x.org and a@x.org.")
    two = _text("a@x.org again, and a zebra", "messages[2].content")
    assert _cuts(one, two) == {"[EMAIL_1]": "a@x.org", "[EMAIL_2]": "b@x.org", "[CODES_1]": ""}


def test_a_text_is_cut_and_made_whole_again() -> None:
    part = _text('Write to "a@x.org" about the horse.')
    cuts = cuts_of(weigh(RULES, [part], [scores()]), [part], restore=True)
    cut = cut_text(part.text, cuts)
    assert cut == 'Write to "[EMAIL_1]" about the horse.'
    assert restored_text(cut, words_of(cuts)) == part.text
    assert msgspec.json.decode(restored(msgspec.json.encode({"a": cut}), words_of(cuts))) == {"a": part.text}


def test_words_are_put_back_only_where_the_policy_restores_and_never_those_of_a_list() -> None:
    part = _text("a@x.org and a zebra")
    decision = weigh(RULES, [part], [scores()])
    assert words_of(cuts_of(decision, [part])) == {}
    assert words_of(cuts_of(decision, [part], restore=True)) == {"[EMAIL_1]": "a@x.org"}


def test_a_part_that_is_masked_for_another_reason_has_no_cuts() -> None:
    policy = rules("version: 1\nextends: default\non_unjudged: {text: redact}\npii: {kinds: [email]}\n")
    part = _text("a@x.org")
    decision = weigh(policy, [part], [Unjudged(reason="no_classifier")])
    assert cuts_of(decision, [part]) == ()


@pytest.mark.parametrize("words", ['"quoted"', "back\\slash", "new\nline", "é中"])
def test_restored_words_are_written_as_json_writes_them(words: str) -> None:
    assert msgspec.json.decode(restored(b'["[EMAIL_1]"]', {"[EMAIL_1]": words})) == [words]


@settings(deadline=None)
@given(st.text(alphabet="ab@x.org \n", max_size=60))
def test_cutting_and_restoring_gives_any_text_back(text: str) -> None:
    part = _text(text)
    cuts = cuts_of(weigh(RULES, [part], [scores()]), [part], restore=True)
    assert restored_text(cut_text(text, cuts), words_of(cuts)) == text
