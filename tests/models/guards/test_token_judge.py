from pathlib import Path

import numpy as np
import pytest

from headgate.models.assessment import Assessed, Unjudged
from headgate.models.content import Role, Text
from headgate.models.errors import ModelUnavailable
from headgate.models.guards.qwen3guard_stream import COLUMNS, GUARD
from headgate.models.guards.token_judge import TokenJudge

from .graphs import WORDS, token_graph, write_manifest, write_tokenizer
from .replies import PICTURE


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """`alarm` is unsafe and violent in an answer, and every prompt (whose last token has no word) is safe."""
    table = np.zeros((len(WORDS), len(COLUMNS)), dtype=np.float32)
    table[:, [COLUMNS.index("query Safe"), COLUMNS.index("response Safe")]] = 9.0
    alarm = WORDS.index("alarm")
    table[alarm, COLUMNS.index("response Unsafe")] = 18.0
    table[alarm, COLUMNS.index("response Violent")] = 9.0
    token_graph(tmp_path / "model.onnx", table)
    write_tokenizer(tmp_path / "tokenizer.json")
    return write_manifest(tmp_path, COLUMNS)


def judged(folder: Path, text: str, role: Role = Role.ASSISTANT) -> Assessed:
    (found,) = TokenJudge.load(GUARD, folder).assess([Text(text=text, role=role, context="alarm alarm")])
    assert isinstance(found, Assessed)
    return found


def test_two_tokens_that_follow_each_other_flag_an_answer(folder: Path):
    assert judged(folder, "tea alarm alarm tea").unsafe > 0.9
    assert judged(folder, "tea alarm tea alarm").unsafe < 0.1


def test_the_question_is_not_judged_with_the_answer(folder: Path):
    assert judged(folder, "tea is warm").unsafe < 0.1


def test_a_prompt_is_judged_at_its_end(folder: Path):
    assert judged(folder, "alarm alarm", Role.USER).unsafe < 0.1


def test_the_category_of_the_worst_tokens_is_named(folder: Path):
    found = judged(folder, "alarm alarm")
    assert found.categories["violence"] == pytest.approx(found.unsafe)
    assert found.categories["privacy"] == 0.0


def test_other_kinds_are_unjudged_and_nothing_is_found_in_nothing(folder: Path):
    image, empty = TokenJudge.load(GUARD, folder).assess([PICTURE, Text(text="")])
    assert isinstance(image, Unjudged)
    assert isinstance(empty, Assessed)
    assert empty.unsafe == 0.0


def test_a_graph_with_other_heads_is_refused(tmp_path: Path):
    token_graph(tmp_path / "model.onnx", np.zeros((6, 2)))
    write_tokenizer(tmp_path / "tokenizer.json")
    with pytest.raises(ModelUnavailable, match="query Safe"):
        TokenJudge.load(GUARD, write_manifest(tmp_path, ["a", "b"]))
