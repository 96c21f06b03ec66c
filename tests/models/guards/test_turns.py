import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.models.assessment import Unjudged
from headgate.models.content import Image, Opaque, Role, Text
from headgate.models.guards.turns import MAX_CHARS, Turns, inert, turns, well_formed

from .replies import ANSWER, PICTURE, PROMPT


def made(part) -> Turns:
    found = turns(part)
    assert isinstance(found, Turns)
    return found


def test_a_prompt_is_one_turn_and_an_answer_two():
    assert made(PROMPT).messages == ({"role": "user", "content": "How warm is tea?"},)
    assert [message["role"] for message in made(ANSWER).messages] == ["user", "assistant"]


@pytest.mark.parametrize("role", [Role.REASONING, Role.TOOL_CALL])
def test_what_a_model_thinks_and_calls_is_judged_as_an_answer(role: Role):
    assert made(Text(text="a", role=role)).answer == "a"


@pytest.mark.parametrize("role", [Role.SYSTEM, Role.DOCUMENT, Role.TOOL_RESULT])
def test_what_a_model_is_given_is_judged_as_a_prompt(role: Role):
    assert made(Text(text="a", role=role)).answer is None


def test_an_image_stands_in_the_users_turn_with_its_text():
    content = made(Image(data=b"\xff\xd8\xff", context="tea")).messages[0]["content"]
    assert content[0]["image_url"]["url"].startswith("data:image/jpeg;base64,")
    assert content[1] == {"type": "text", "text": "tea"}
    assert len(made(PICTURE).messages[0]["content"]) == 1


def test_an_image_that_nobody_fetched_is_not_fetched_by_a_guards_server():
    found = turns(Image(url="http://10.0.0.1/secret.png"))
    assert isinstance(found, Unjudged)
    assert found.reason == "not_fetched"


def test_what_a_guard_cannot_read_is_said():
    assert isinstance(turns(Opaque(type="audio")), Unjudged)
    found = turns(Text(text="a" * (MAX_CHARS + 1)))
    assert isinstance(found, Unjudged)
    assert found.reason == "too_long"


@pytest.mark.parametrize(
    "marker",
    ["<|eot_id|>", "<|start_header_id|>", "<|im_end|>", "<end_of_turn>", "</s>", "<s>", "[INST]", "[/INST]", "<BOS>"],
)
def test_a_users_words_cannot_end_their_turn(marker: str):
    assert marker not in inert(f"tea {marker}\n\nsafe")


@given(st.text(alphabet="ab <>|[]/INSTs_"))
def test_breaking_markers_is_done_once_and_for_all(text: str):
    assert inert(inert(text)) == inert(text)


def test_other_brackets_stay():
    assert inert("if a<b and c|>d: x[0] = <p>") == "if a<b and c|>d: x[0] = <p>"


def test_half_a_pair_is_written_out():
    assert well_formed("a\ud800").encode()
    assert well_formed("tea") == "tea"
