import json

import pytest

from headgate.models.errors import InferenceFailed
from headgate.models.guards.asking import Ask
from headgate.models.guards.wire import body, reply_of

from .server import Said, chat_answer, completion_answer

ASK = Ask(
    prompt="p", messages=({"role": "user", "content": "p"},), template={"guideline": "g"}, choices=("safe", "unsafe")
)
SAID = Said(tokens=("unsafe", "\nS1"), odds={0: {"unsafe": 0.75, "safe": 0.25}})


def test_a_chat_is_greedy_with_odds_and_the_arguments_of_its_template():
    sent = json.loads(body(ASK, model="m", endpoint="chat", logprobs=5))
    assert sent == {
        "model": "m", "max_tokens": 20, "temperature": 0, "n": 1, "stream": False,
        "messages": [{"role": "user", "content": "p"}], "chat_template_kwargs": {"guideline": "g"},
        "logprobs": True, "top_logprobs": 5,
    }  # fmt: skip


def test_a_completion_is_the_prompt_itself():
    sent = json.loads(body(ASK, model="m", endpoint="completions", logprobs=5))
    assert sent["prompt"] == "p"
    assert sent["logprobs"] == 5
    assert "messages" not in sent


def test_no_odds_are_asked_for_where_none_are_wanted():
    assert "logprobs" not in json.loads(body(ASK, model="m", endpoint="chat", logprobs=0))
    assert "logprobs" not in json.loads(body(Ask(messages=ASK.messages), model="m", endpoint="chat", logprobs=5))


@pytest.mark.parametrize("answer", [chat_answer(SAID), completion_answer(SAID)], ids=["chat", "completions"])
def test_both_forms_of_answer_give_text_and_tokens(answer: dict[str, object]):
    reply = reply_of(json.dumps(answer).encode())
    assert reply.text == "unsafe\nS1"
    assert [token.text for token in reply.tokens] == ["unsafe", "\nS1"]
    assert set(reply.tokens[0].top) == {"unsafe", "safe"}


def test_an_answer_without_odds_is_its_text():
    reply = reply_of(b'{"choices": [{"message": {"content": "safe"}, "logprobs": null}]}')
    assert reply.text == "safe"
    assert reply.tokens == ()
    assert reply_of(b'{"choices": [{"message": {"content": null}}]}').text == ""


@pytest.mark.parametrize("data", [b"", b"<html>", b"{}", b'{"choices": []}', b'{"choices": "no"}', b"\xff"])
def test_anything_else_is_a_failure(data: bytes):
    with pytest.raises(InferenceFailed):
        reply_of(data)
