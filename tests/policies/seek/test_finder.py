from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.models.content import Direction, Text
from headgate.models.errors import ConfigError
from headgate.models.meaning import meaning_of, packed
from headgate.models.text import TextClassifier
from headgate.policies.compile import load_policy, parse_policy
from headgate.policies.hits import MOST_SPANS
from headgate.policies.seek.finder import Finder, disjoint, finder_of

POLICY = parse_policy("""version: 1
lists:
  rivals: {words: [acme, "acme corp", 検査], action: flag}
  codes: {regex: ['k-[0-9]{3}'], action: redact, direction: input}
  story: {words: [the acme story], allow: true}
custom:
  betting: {examples: ["Which team should I bet on tonight?"], by: words, action: flag}
pii: {kinds: [email, iban, card]}
""")
FINDER = Finder(POLICY)


def spans(text: str, direction: Direction = Direction.INPUT) -> dict[str, tuple[tuple[int, int], ...]]:
    return {hit.rule: hit.spans for hit in FINDER.find(text, direction)}


def test_whole_words_are_found_in_any_case_and_the_longest_of_several_counts() -> None:
    assert spans("ACME Corp beats acme") == {"lists.rivals": ((0, 9), (16, 20))}
    assert spans("acmeist") == {}
    assert spans("この検査は") == {"lists.rivals": ((2, 4),)}


def test_a_list_reads_its_own_directions() -> None:
    assert spans("k-123") == {"lists.codes": ((0, 5),)}
    assert spans("k-123", Direction.OUTPUT) == {}


def test_an_allow_list_excuses_hits_inside_its_own() -> None:
    assert spans("I love the Acme story.") == {}
    assert spans("the acme story of Acme") == {"lists.rivals": ((18, 22),)}


def test_a_text_that_is_an_entry_from_end_to_end_is_excused() -> None:
    (hit,) = FINDER.find("  The  acme story ", Direction.INPUT)[:1]
    assert (hit.rule, hit.excuses) == ("lists.story", True)


def test_disguised_words_are_found_and_the_whole_text_is_their_place() -> None:
    text = "a\u200bc\u200bm\u200be is best"
    assert spans(text) == {"lists.rivals": ((0, len(text)),)}


def test_likenesses_and_personal_data_are_found() -> None:
    found = FINDER.find("Which team should I bet on tonight?", Direction.INPUT)
    assert [(hit.rule, hit.score) for hit in found] == [("custom.betting", 1.0)]
    assert spans("a@example.org") == {"pii.email": ((0, 13),)}


ABOUT = parse_policy("""version: 1
custom:
  betting:
    examples:
      - Which team should I bet on tonight?
      - What are good odds for the derby?
      - How do bookmakers set their odds?
    direction: input
""")


def words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))


def test_a_category_by_meaning_finds_what_shares_no_word_with_its_examples(text_model: TextClassifier) -> None:
    finder = finder_of(ABOUT, text_model)
    assert finder is not None
    said = "Tell me a safe wager against Liverpool."
    assert not words(said) & words(" ".join(ABOUT.custom[0].examples))
    wager, bread = text_model.assess([Text(text=text, path="a") for text in (said, "A loaf.")])
    (hit,) = finder.find("", Direction.INPUT, meaning=meaning_of(wager))
    assert (hit.rule, hit.threshold) == ("custom.betting", 0.5)
    assert finder.find("", Direction.INPUT, meaning=meaning_of(bread)) == ()
    assert finder.find("", Direction.OUTPUT, meaning=meaning_of(wager)) == ()
    assert finder_of(ABOUT, text_model) is finder


NARROW = packed(np.ones((1, 8), dtype=np.float32), by="d")
WIDE = packed(np.ones((1, 384), dtype=np.float32), by="d")


@pytest.mark.parametrize("meaning", [b"", b"told", NARROW, WIDE], ids=["none", "nonsense", "narrow", "wide"])
def test_without_a_line_everything_that_it_would_read_is_unread(meaning: bytes) -> None:
    finder = Finder(ABOUT)
    assert finder.reader == ""
    assert finder.find("A bet.", Direction.INPUT, meaning=meaning) == ()
    assert finder.unread("A bet.", Direction.INPUT, meaning=meaning) == ("custom.betting",)
    assert finder.unread("A bet.", Direction.OUTPUT, meaning=meaning) == ()
    assert finder.unread(" ", Direction.INPUT, meaning=meaning) == ()


@pytest.mark.parametrize("meaning", [b"", b"told", NARROW, WIDE], ids=["none", "nonsense", "narrow", "another's"])
def test_a_meaning_that_the_line_cannot_read_is_unread(meaning: bytes, text_model: TextClassifier) -> None:
    finder = finder_of(ABOUT, text_model)
    assert finder is not None
    assert finder.reader == text_model.digest
    assert finder.find("A bet.", Direction.INPUT, meaning=meaning) == ()
    assert finder.unread("A bet.", Direction.INPUT, meaning=meaning) == ("custom.betting",)
    mine = packed(np.ones((1, 384), dtype=np.float32), by=text_model.weights.digest)
    assert finder.unread("A bet.", Direction.INPUT, meaning=mine) == ()
    assert finder.unread("A bet.", Direction.INPUT, meaning=mine[:-1]) == ("custom.betting",)


def test_of_very_many_hits_the_first_are_named_and_the_rest_is_told() -> None:
    (hit,) = FINDER.find("acme " * (MOST_SPANS + 1), Direction.INPUT)
    assert (len(hit.spans), hit.more) == (MOST_SPANS, True)


def test_a_finder_is_made_once_and_only_where_something_is_listed() -> None:
    assert finder_of(POLICY) is finder_of(POLICY)
    assert finder_of(load_policy("default")) is None


def test_a_file_that_changed_since_it_was_loaded_is_not_taken_for_what_it_was(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("acme\n")
    policy = parse_policy("version: 1\nlists: {a: {file: words.txt, action: flag}}\n", file=str(tmp_path / "p.yaml"))
    assert spans_of(Finder(policy), "Acme!") == {"lists.a": ((0, 4),)}
    (tmp_path / "words.txt").write_text("umbrella\n")
    with pytest.raises(ConfigError, match="has changed"):
        Finder(policy)


def spans_of(finder: Finder, text: str) -> dict[str, tuple[tuple[int, int], ...]]:
    return {hit.rule: hit.spans for hit in finder.find(text, Direction.INPUT)}


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 6)).map(lambda s: (s[0], s[0] + s[1])), max_size=8))
def test_disjoint_spans_are_in_order_and_cover_every_first_one(given_spans: list[tuple[int, int]]) -> None:
    kept = disjoint(given_spans)
    assert all(one[1] <= two[0] for one, two in pairwise(kept))
    assert set(kept) <= set(given_spans)
    assert bool(kept) is bool(given_spans)


@settings(deadline=None)
@given(st.text(max_size=80))
def test_any_text_can_be_looked_at_and_every_place_is_inside_it(text: str) -> None:
    for hit in FINDER.find(text, Direction.INPUT):
        assert all(0 <= start < end <= len(text) for start, end in hit.spans)
