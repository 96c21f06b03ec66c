from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.gateway.wire.openai_moderations import LABELS, MOST_INPUTS, parse_moderation, result
from headgate.guard.weigh import Rules, weigh
from headgate.models.assessment import Assessed
from headgate.models.content import Text
from headgate.models.errors import InputError
from headgate.models.fakes import scores
from headgate.models.taxonomy import SLUGS
from headgate.policies.compile import load_policy
from headgate.policies.thresholds import nominal

POLICY = load_policy("default")
RULES = Rules(policy=POLICY, thresholds=nominal(POLICY.thresholds))
PROBABILITY = st.floats(0, 1)


def made(assessed: Assessed) -> dict[str, Any]:
    part = Text(text="x", path="input")
    return result([part], [assessed], weigh(RULES, [part], [assessed]))


def flagged(**categories: float) -> set[str]:
    found = made(scores(unsafe=0.9, categories=categories))
    return {name for name, value in found["categories"].items() if value}


def parse(body: Any) -> Any:
    return parse_moderation(json.dumps(body).encode())


@pytest.mark.parametrize(
    ("categories", "names"),
    [
        ({"insult": 0.9}, {"harassment"}),
        ({"insult": 0.9, "violence": 0.9}, {"harassment", "harassment/threatening", "violence"}),
        ({"violence": 0.9}, {"violence"}),
        ({"discrimination": 0.9, "violence": 0.9}, {"hate", "hate/threatening", "violence"}),
        ({"weapons": 0.9}, {"illicit/violent"}),
        ({"drugs": 0.9}, {"illicit"}),
        ({"self_harm": 0.9}, {"self-harm"}),
        ({"child_safety": 0.9}, {"sexual/minors"}),
        ({"privacy": 0.9}, set()),
    ],
)
def test_our_categories_land_in_theirs(categories: dict[str, float], names: set[str]) -> None:
    assert flagged(**categories) == names


def test_instructions_for_self_harm_are_the_severe_kind_alone() -> None:
    severe = made(scores(unsafe=0.9, severity=3, categories={"self_harm": 0.9}))
    assert severe["categories"]["self-harm/instructions"]
    assert severe["category_scores"]["self-harm/instructions"] == 0.9
    milder = made(scores(unsafe=0.9, severity=2, categories={"self_harm": 0.9}))
    assert milder["category_scores"]["self-harm/instructions"] == 0.0


def test_a_category_of_ours_without_a_word_of_theirs_is_flagged_all_the_same() -> None:
    found = made(scores(unsafe=0.1, categories={"prompt_attack": 0.9}))
    assert found["flagged"]
    assert not any(found["categories"].values())
    assert found["headgate"]["findings"][0].category == "prompt_attack"


def test_what_the_model_does_not_assess_has_no_input_type() -> None:
    found = made(scores(covers=["violence"]))
    types = found["category_applied_input_types"]
    assert types["violence"] == ["text"]
    assert types["sexual"] == types["harassment/threatening"] == []
    assert found["headgate"]["categories"]["sexual_content"] is None


@settings(deadline=None)
@given(st.builds(dict, **dict.fromkeys(SLUGS, PROBABILITY)), PROBABILITY, st.integers(0, 3), PROBABILITY)
def test_every_result_has_all_thirteen_and_a_true_one_is_flagged(
    categories: dict[str, float], unsafe: float, severity: int, sensitive: float
) -> None:
    found = made(scores(unsafe=unsafe, severity=severity, categories=categories, sensitive=sensitive))
    names = {label.name for label in LABELS}
    assert len(names) == 13
    for field in ("categories", "category_scores", "category_applied_input_types"):
        assert found[field].keys() == names
    assert all(0 <= score <= 1 for score in found["category_scores"].values())
    assert found["flagged"] or not any(found["categories"].values())
    assert found["flagged"] == bool(found["headgate"]["findings"])


def test_each_text_is_an_input_and_parts_are_one() -> None:
    assert [part.path for (part,) in parse({"input": ["a", ""]})] == ["input[0]", "input[1]"]
    image = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}
    ((text, picture),) = parse({"input": [{"type": "text", "text": "a"}, image]})
    assert (text.path, picture.path, picture.url) == ("input[0]", "input[1]", "https://example.org/a.png")


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "input"),
        ({"input": []}, "input"),
        ({"input": 3}, "input"),
        ({"input": [1, 2]}, "input[0]"),
        ({"input": ["a", {"type": "text", "text": "b"}]}, "input[0]"),
        ({"input": [{"type": "text"}]}, "input[0].text"),
        ({"input": [{"type": "image_url", "image_url": {"url": "file:///etc/hosts"}}]}, "input[0].image_url.url"),
        ({"input": [{"type": "image_url"}]}, "input[0].image_url.url"),
        ({"input": ["a"] * (MOST_INPUTS + 1)}, "input"),
        ({"input": "a", "model": 1}, "model"),
    ],
)
def test_a_faulty_body_names_its_field(body: Any, param: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(body)
    assert caught.value.param == param
