from __future__ import annotations

from headgate.guard.messages import built_in, help_lines, refusal, support
from headgate.models.assessment import Severity
from headgate.policies.compile import parse_policy
from headgate.policies.verdict import Action, Coverage, Finding, Missed

PLAIN = parse_policy("version: 1\nname: p\nextends: default\n")
OWN = parse_policy("version: 1\nname: p\nextends: default\nblock: {message: Our no., support: Our help.}\n")
FOUND = Finding(
    category="drugs", severity=Severity.SEVERE, confidence=0.9, threshold=0.5, part="p", rule="r", action=Action.REFUSE
)
MISSED = Coverage(unjudged=(Missed(part="p", reason="deadline", action=Action.REFUSE),))


def test_a_refusal_names_the_category_in_plain_words() -> None:
    assert "drugs" in refusal(PLAIN, [FOUND], Coverage())


def test_a_refusal_after_many_tries_says_so() -> None:
    assert "couldn't" in refusal(PLAIN, [FOUND], Coverage(), tried=True)


def test_what_was_not_judged_is_not_called_unsafe() -> None:
    assert "could not be checked" in refusal(PLAIN, [], MISSED)


def test_a_text_of_the_policy_wins_in_every_language() -> None:
    for languages in ((), ("de",), ("xx",)):
        assert refusal(OWN, [FOUND], Coverage(), languages=languages) == "Our no."
        assert support(OWN, languages=languages) == "Our help."
        assert help_lines(OWN, languages=languages) == "Our help."


def test_built_in_texts_come_in_the_language_that_is_read_and_in_english_else() -> None:
    assert support(PLAIN, languages=("de-at", "de", "en")) == built_in()["de"].support
    assert "0800 111 0 111" in help_lines(PLAIN, languages=("de",))
    assert support(PLAIN, languages=("xx",)) == built_in()["en"].support
    assert refusal(PLAIN, [FOUND], Coverage(), languages=("fr",)) == built_in()["fr"].refusal
    assert refusal(PLAIN, [FOUND], Coverage(), tried=True, languages=("fr",)) == built_in()["fr"].exhausted
    assert refusal(PLAIN, [], MISSED, languages=("fr",)) == built_in()["fr"].unjudged


def test_texts_by_language_stand_beside_the_built_in_ones() -> None:
    policy = parse_policy("version: 1\nname: p\nextends: default\nblock: {support: {de-AT: Servus., en: Hi.}}\n")
    assert support(policy, languages=("de-at", "de")) == "Servus."
    assert support(policy, languages=("de",)) == built_in()["de"].support
    assert support(policy) == "Hi."
    assert support(policy, languages=("sv",)) == "Hi."
    anyone = parse_policy("version: 1\nname: p\nextends: default\nblock: {support: {de: Hallo., '*': Hi.}}\n")
    assert [support(anyone, languages=(tag,)) for tag in ("de", "fr", "sv")] == ["Hallo.", "Hi.", "Hi."]


def test_every_language_has_every_text_and_a_place_to_find_help() -> None:
    assert {"en", "zh", "hi", "es", "fr", "ar", "bn", "pt", "ru", "ur"} <= set(built_in())
    for words in built_in().values():
        assert "findahelpline.com" in words.lines
        assert all((words.opening, words.closing, words.refusal, words.exhausted, words.unjudged))
        assert "{" not in words.support
    assert len({words.support for words in built_in().values()}) == len(built_in())
