from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from headgate.models.content import Direction, Role
from headgate.models.errors import InferenceFailed
from headgate.models.fakes import FakeClassifier, scores
from headgate.models.meaning import packed
from headgate.models.text import TextClassifier
from headgate.policies.listed import Custom
from headgate.policies.seek.about import lines_of, read

BETS = (
    "Which team should I bet on tonight?",
    "What are good odds for the derby?",
    "How do bookmakers set their odds?",
    "Is a handicap bet worth it?",
    "Give me a tip for the horse race at Ascot.",
)


def test_there_is_a_line_for_each_direction_that_is_read(text_model: TextClassifier) -> None:
    both = lines_of(Custom(name="bets", examples=BETS, directions=("tool_result", "document")), text_model)
    assert set(both) == {Direction.TOOL_RESULT, Direction.DOCUMENT}
    assert both[Direction.TOOL_RESULT] is both[Direction.DOCUMENT]


def test_the_line_of_the_same_examples_is_drawn_once_whatever_else_policies_say(text_model: TextClassifier) -> None:
    one = lines_of(Custom(name="bets", examples=BETS, directions=("input",)), text_model)
    same = lines_of(Custom(name="wagers", examples=BETS, severity=3, directions=("input", "output")), text_model)
    other = lines_of(Custom(name="bets", examples=BETS[1:], directions=("input",)), text_model)
    assert same[Direction.INPUT] is one[Direction.INPUT]
    assert same[Direction.OUTPUT] is not one[Direction.INPUT]
    assert other[Direction.INPUT] is not one[Direction.INPUT]


def test_a_description_or_a_few_examples_tell_a_topic_from_others(text_model: TextClassifier) -> None:
    line = lines_of(Custom(name="bets", examples=BETS, directions=("input",)), text_model)[Direction.INPUT]
    wager = line.score(read(text_model, ["Which bookmaker has the best odds tonight?"], Role.USER))
    others = ["Write a poem about the sea.", "What is the capital of Portugal?", "How long do I boil an egg?"]
    # Some three in a hundred ordinary texts reach the threshold: all of them stay well below what belongs.
    assert wager > 0.5
    assert all(line.score(read(text_model, [text], Role.USER)) < wager - 0.2 for text in others)
    assert (len(line.found), len(line.alarms)) == (len(BETS), 400)
    assert sum(score >= 0.5 for score in line.alarms) <= 4


def test_examples_that_several_models_tell_of_are_an_error() -> None:
    told = [scores() for _ in range(2)]
    one, two = (
        replace(found, meaning=packed(np.ones((1, 4), np.float32), by=by)) for found, by in zip(told, "ab", strict=True)
    )
    with pytest.raises(InferenceFailed, match="more than one model"):
        read(FakeClassifier({"bet": one}, default=two), ["A bet.", "A loaf."], Role.USER)
    with pytest.raises(InferenceFailed, match="more than one model"):
        lines_of(Custom(name="bets", examples=("A bet.",)), FakeClassifier({"bet": one}, default=two, digest="mixed"))


def test_a_model_that_does_not_tell_is_an_error() -> None:
    with pytest.raises(InferenceFailed, match="does not tell"):
        read(FakeClassifier({}), ["A bet."], Role.USER)
