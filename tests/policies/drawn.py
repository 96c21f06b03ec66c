"""Hypothesis strategies for policies, assessments and judged parts."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from headgate.models.assessment import Assessed, Assessment, Unjudged
from headgate.models.content import Direction
from headgate.models.taxonomy import SLUGS
from headgate.policies.compile import parse_policy
from headgate.policies.compiled import CompiledPolicy
from headgate.policies.decide import Judged
from headgate.policies.hits import Hit
from headgate.policies.schema import DIRECTIONS, LEVELS, POSSIBLE, POSSIBLE_UNJUDGED
from headgate.policies.thresholds import Thresholds
from headgate.policies.verdict import Action

probability = st.floats(0, 1)
"""Any probability."""


def rows(direction: str) -> st.SearchStrategy[Any]:
    """A row in which worse content never gets a milder action, or a single action."""
    names = POSSIBLE[direction]
    three = st.lists(st.sampled_from(names), min_size=3, max_size=3).map(lambda a: sorted(a, key=lambda n: Action(n)))
    return st.one_of(st.sampled_from(names), three.map(lambda a: dict(zip(LEVELS, a, strict=True))))


def documents() -> st.SearchStrategy[dict[str, Any]]:
    """Policy documents that are sound."""
    slugs = st.sampled_from([slug for slug in SLUGS if slug != "child_safety"])
    category = st.fixed_dictionaries({}, optional={direction: rows(direction) for direction in DIRECTIONS})
    number = st.floats(0.01, 1)
    threshold = st.one_of(number, st.fixed_dictionaries({"fpr": st.floats(0.001, 0.9)}))
    texts = st.text(min_size=1, max_size=20).filter(str.strip).filter(_encodes)
    guideline = st.fixed_dictionaries({"text": texts}, optional={"when": st.lists(texts, max_size=2)})
    unjudged = st.one_of(
        st.just("strict"), st.fixed_dictionaries({}, optional={"text": st.sampled_from(POSSIBLE_UNJUDGED)})
    )
    return st.fixed_dictionaries(
        {"version": st.just(1), **{direction: rows(direction) for direction in DIRECTIONS}},
        optional={
            "name": st.sampled_from(["a", "team-1", "1e3", "null", "7"]),
            "extends": st.sampled_from(["base", "default", "strict"]),
            "mode": st.sampled_from(["enforce", "monitor"]),
            "categories": st.dictionaries(slugs, category, max_size=4),
            "thresholds": st.dictionaries(st.one_of(slugs, st.just("default")), threshold, max_size=3),
            "on_unjudged": unjudged,
            "on_error": st.sampled_from(["closed", "open"]),
            "guidelines": st.dictionaries(slugs, st.one_of(texts, st.lists(guideline, max_size=2)), max_size=2),
            "block": st.fixed_dictionaries(
                {},
                optional={
                    "message": st.one_of(texts, st.dictionaries(st.sampled_from(["de", "*"]), texts)),
                    "style": st.just("error"),
                },
            ),
            "conversation": st.fixed_dictionaries({}, optional={"window": st.integers(1, 16), "joined": st.booleans()}),
            "regenerate": st.fixed_dictionaries({"rounds": st.integers(1, 20), "strategy": st.just("blind")}),
        },
    )


def conditions() -> st.SearchStrategy[dict[str, Any]]:
    """Rules and exceptions that are sound, with circumstances of every kind."""
    slugs = st.sampled_from([slug for slug in SLUGS if slug != "child_safety"])
    when = st.fixed_dictionaries(
        {},
        optional={
            "tenant": st.sampled_from(["acme", "a*", ["acme", "other"]]),
            "category": slugs,
            "severity": st.sampled_from(LEVELS),
            "kind": st.sampled_from(["text", "image"]),
            "direction": st.sampled_from(DIRECTIONS),
            "strikes": st.sampled_from([0, 3]),
        },
    )
    names = st.sampled_from(["one", "two"])
    rule = st.fixed_dictionaries({"when": when, "action": st.sampled_from(["flag", "redact", "refuse"])})
    excuse = st.fixed_dictionaries(
        {
            "when": when.filter(bool),
            "action": st.sampled_from(["allow", "flag"]),
            "reason": st.just("a study"),
            "expires": st.just("2099-01-01"),
        }
    )
    return st.fixed_dictionaries(
        {
            "rules": st.dictionaries(names, rule, max_size=2),
            "exceptions": st.dictionaries(names, excuse, max_size=2),
        }
    )


def finds() -> st.SearchStrategy[dict[str, Any]]:
    """Lists, own categories and personal data, with what is done about them; see `hits` for what they found."""
    slugs = st.sampled_from([slug for slug in SLUGS if slug != "child_safety"])
    found = st.fixed_dictionaries(
        {}, optional={"action": st.sampled_from(["allow", "flag", "redact", "refuse"]), "category": slugs}
    )
    words = found.map(lambda held: {"zebra": {"words": ["zebra"], **held}})
    likes = found.map(lambda held: {"bets": {"examples": ["Which team wins?"], **held}})
    return st.fixed_dictionaries({"lists": words, "custom": likes, "pii": st.just({"kinds": ["email"]})})


def hits() -> st.SearchStrategy[tuple[Hit, ...]]:
    """What the lines of `finds` found in a part."""
    rules = st.sampled_from(["lists.zebra", "custom.bets", "pii.email"])
    return st.lists(rules, max_size=2, unique=True).map(lambda found: tuple(Hit(rule=rule) for rule in found))


def whole() -> st.SearchStrategy[CompiledPolicy]:
    """Policies with rules of every kind and with all that finds something in texts, but without exceptions."""
    rules = conditions().map(lambda held: {"rules": held["rules"]})
    both = st.tuples(documents(), rules, finds())
    return both.map(lambda held: parse_policy(written({**held[0], **held[1], **held[2]})))


def _encodes(text: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in text)


def written(document: dict[str, Any]) -> str:
    """The document as YAML. JSON is YAML too, and its strings are always in quotes."""
    return json.dumps(document)


def policies() -> st.SearchStrategy[CompiledPolicy]:
    """Policies that run."""
    return documents().map(lambda document: parse_policy(written(document)))


def assessed() -> st.SearchStrategy[Assessed]:
    """Scores with any coverage."""
    weights = st.tuples(*[st.floats(0, 1)] * 4)
    severities = weights.map(lambda w: tuple(x / sum(w) for x in w) if sum(w) > 0 else (1.0, 0.0, 0.0, 0.0))
    categories = st.dictionaries(st.sampled_from(SLUGS), st.none() | probability, max_size=6)
    return st.builds(
        Assessed,
        unsafe=probability,
        categories=categories.map(lambda some: dict.fromkeys(SLUGS) | some),
        severity=st.none() | severities,
        sensitive=st.none() | probability,
    )


def assessments() -> st.SearchStrategy[Assessment]:
    """Scores, or the reason why there are none."""
    reasons = st.sampled_from(["no_classifier", "too_long", "inference_failed", "deadline", "error", "whatever"])
    return st.one_of(assessed(), st.builds(Unjudged, reason=reasons))


def judged(
    of: st.SearchStrategy[Any] | None = None, *, found: st.SearchStrategy[Any] | None = None
) -> st.SearchStrategy[Judged]:
    """A judged part in any direction and of any kind."""
    return st.builds(
        Judged,
        hits=st.just(()) if found is None else found,
        part=st.sampled_from(["messages[0]", "messages[1]"]),
        direction=st.sampled_from(Direction),
        kind=st.sampled_from(["text", "image", "video", "opaque"]),
        assessment=assessments() if of is None else of,
    )


def thresholds() -> st.SearchStrategy[Thresholds]:
    """Resolved thresholds, with and without categories of their own."""
    table = st.dictionaries(st.sampled_from(SLUGS), probability, max_size=4)
    return st.builds(Thresholds, default=probability, sensitive=probability, alone=table, categories=table)
