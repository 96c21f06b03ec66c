from __future__ import annotations

from typing import Any

import pytest

from headgate.guard.rows import Columns, columns, exchange, labelled_part, matches
from headgate.models.content import Role, Text
from headgate.models.errors import ConfigError, InputError

PLAIN = Columns()


def _texts(row: dict[str, Any], layout: Columns = PLAIN) -> list[tuple[str, str]]:
    return [(part.role.value, part.text) for part in exchange(row, layout).prompt if isinstance(part, Text)]


def test_a_prompt_is_a_users_message() -> None:
    found = exchange({"prompt": "How do I boil an egg?"}, PLAIN)
    assert found.kind == "prompt"
    assert found.prompt[0].path == "messages[0].content"
    assert found.response is None


def test_a_pair_is_a_prompt_and_its_answer() -> None:
    found = exchange({"kind": "pair", "prompt": "How long?", "response": "Seven minutes."}, PLAIN)
    part = labelled_part(found)
    assert (found.kind, found.response) == ("pair", "Seven minutes.")
    assert isinstance(part, Text)
    assert (part.text, part.role, part.context) == ("Seven minutes.", Role.ASSISTANT, "How long?")


def test_an_empty_response_beside_a_prompt_is_no_answer_unless_the_row_says_pair() -> None:
    assert exchange({"prompt": "a", "response": ""}, PLAIN).kind == "prompt"
    assert exchange({"kind": "pair", "prompt": "a", "response": ""}, PLAIN).response == ""
    assert exchange({"kind": "prompt", "prompt": "a", "response": "b"}, PLAIN).response is None


def test_a_response_alone_is_judged_without_a_question() -> None:
    found = exchange({"response": "Seven minutes."}, PLAIN)
    assert (found.prompt, found.response) == ((), "Seven minutes.")


@pytest.mark.parametrize("row", [{"text": "a post"}, {"kind": "text", "prompt": "a post", "response": ""}])
def test_a_post_is_a_document(row: dict[str, Any]) -> None:
    part = exchange(row, PLAIN).prompt[0]
    assert isinstance(part, Text)
    assert (part.role, part.text) == (Role.DOCUMENT, "a post")


def test_prompts_for_generators_keep_their_purpose() -> None:
    found = exchange({"task": "t2v", "text": "a boat at dawn"}, PLAIN)
    assert (found.kind, found.prompt[0].role, found.prompt[0].purpose) == ("prompt", Role.USER, "t2v")


def test_the_last_answer_of_a_chat_is_judged_as_the_gateway_would() -> None:
    system = {"role": "system", "content": "Be brief."}
    row = {"messages": [system, {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]}
    assert _texts(row) == [("system", "Be brief."), ("user", "Hi")]
    assert exchange(row, PLAIN).response == "Hello"


def test_an_answer_with_tool_calls_stays_a_message() -> None:
    call = {"type": "function", "function": {"name": "f", "arguments": "{}"}}
    last = {"role": "assistant", "content": None, "tool_calls": [call]}
    assert exchange({"messages": [{"role": "user", "content": "Hi"}, last]}, PLAIN).response == last


def test_columns_can_be_named_and_lie_deep() -> None:
    layout = columns(["prompt=question", "response=answer.text"])
    found = exchange({"question": "q", "answer": {"text": "a"}, "prompt": 7}, layout)
    assert (found.kind, found.response) == ("pair", "a")


@pytest.mark.parametrize("item", ["prompt", "prompt=", "colour=x"])
def test_a_mapping_that_means_nothing_is_refused(item: str) -> None:
    with pytest.raises(ConfigError, match="FIELD=COLUMN"):
        columns([item])


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({}, "no column messages, prompt, response or text"),
        ({"prompt": 7}, "prompt must be a text, not int"),
        ({"messages": []}, "messages must be a list of objects"),
        ({"messages": [{"role": "narrator", "content": "x"}]}, r"messages\[0\]\.role"),
        ({"messages": [{"role": "user", "content": 5}]}, r"messages\[0\]\.content"),
        ({"messages": [{"role": "assistant", "content": [{"type": "text", "text": 5}]}]}, r"content\[0\]\.text"),
        ({"prompt": "x", "purpose": "song"}, "purpose must be one of"),
    ],
)
def test_a_row_that_cannot_be_read_says_why(row: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        exchange(row, PLAIN)


CHAT = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]


@pytest.mark.parametrize(
    ("row", "role", "path"),
    [
        ({"messages": CHAT, "prompt": "more"}, Role.USER, "prompt"),
        ({"messages": CHAT, "text": "more"}, Role.DOCUMENT, "text"),
        ({"messages": CHAT, "response": "more"}, Role.ASSISTANT, "response"),
        ({"prompt": "a", "response": "b", "text": "more"}, Role.DOCUMENT, "text"),
        ({"prompt": "", "text": "more"}, Role.DOCUMENT, "text"),
        ({"text": "a", "response": "more"}, Role.ASSISTANT, "response"),
        ({"kind": "text", "prompt": "a", "response": "more"}, Role.ASSISTANT, "response"),
        ({"kind": "prompt", "prompt": "a", "response": "more"}, Role.ASSISTANT, "response"),
        ({"kind": "prompt", "messages": CHAT[:1], "response": "more"}, Role.ASSISTANT, "response"),
    ],
)
def test_a_field_beside_what_the_row_is_is_judged_too_and_changes_nothing_else(
    row: dict[str, Any], role: Role, path: str
) -> None:
    found, alone = exchange(row, PLAIN), exchange({**row, path: None}, PLAIN)
    part = found.prompt[0]
    assert isinstance(part, Text)
    assert (part.text, part.role, part.path) == ("more", role, path)
    assert (found.kind, found.response, found.prompt[1:]) == (alone.kind, alone.response, alone.prompt)
    assert labelled_part(found) == labelled_part(alone)


def test_an_answer_beside_is_judged_in_the_context_of_its_question() -> None:
    part = exchange({"text": "How long?", "response": "Seven minutes."}, PLAIN).prompt[0]
    assert isinstance(part, Text)
    assert part.context == "How long?"


def test_a_response_beside_a_chat_that_asks_is_its_answer() -> None:
    found = exchange({"messages": CHAT[:1], "response": "Hello"}, PLAIN)
    assert (found.kind, found.response, len(found.prompt)) == ("chat", "Hello", 1)


def test_a_text_that_stands_in_two_columns_is_judged_once_and_an_empty_one_not_at_all() -> None:
    for more in ({"prompt": "Hi"}, {"text": "Hi"}, {"response": "Hello"}, {"response": ""}, {"text": 7}):
        assert exchange({"messages": CHAT, **more}, PLAIN) == exchange({"messages": CHAT}, PLAIN)
    both = exchange({"kind": "prompt", "prompt": "Echo", "response": "Echo"}, PLAIN)
    assert [part.role for part in both.prompt] == [Role.ASSISTANT, Role.USER]


def test_a_list_or_object_beside_is_judged_as_it_is_written() -> None:
    assert ("assistant", '["Hello", "Héllo"]') in _texts({"messages": CHAT, "response": ["Hello", "Héllo"]})
    deep: Any = []
    for _ in range(200_000):
        deep = [deep]
    with pytest.raises(InputError, match="response is nested too deep"):
        exchange({"messages": CHAT, "response": deep}, PLAIN)


def test_the_label_of_a_chat_speaks_of_its_last_message_and_not_of_what_is_shown_beside() -> None:
    picture = {"type": "image_url", "image_url": {"url": "https://a.example/b.png"}}
    last = {"role": "user", "content": [{"type": "text", "text": "This?"}, picture]}
    for row in ({"messages": CHAT[:1], "image": b"x"}, {"messages": [*CHAT, last], "video": "u", "text": "more"}):
        part = labelled_part(exchange(row, PLAIN))
        assert isinstance(part, Text)
        assert part.text in ("Hi", "This?")
    alone = {"messages": [*CHAT, {"role": "user", "content": [picture]}]}
    assert labelled_part(exchange(alone, PLAIN)).path == "messages[2].content[0]"


def test_rows_are_chosen_by_patterns() -> None:
    row = {"source": "tips-benign", "lang": "en"}
    assert matches(row, {})
    assert matches(row, {"source": "tips*", "lang": "en"})
    assert not matches(row, {"source": "tips*", "lang": "de"})
    assert not matches(row, {"absent": "x"})


def test_images_and_videos_beside_a_caption_are_parts_of_it() -> None:
    row = {"text": "A lake", "image": {"bytes": b"x", "path": None}, "video": ["u", b"y"]}
    found = exchange(row, Columns())
    assert [part.path for part in found.prompt] == ["text", "image", "video[0]", "video[1]"]
    assert [part.path for part in exchange({"image": "u"}, Columns()).prompt] == ["image"]
    chat = exchange({"messages": [{"role": "user", "content": "This?"}], "image": b"x"}, Columns())
    assert [part.path for part in chat.prompt] == ["messages[0].content", "image"]
    with pytest.raises(InputError, match="image must be bytes"):
        exchange({"text": "A lake", "image": 3}, Columns())
