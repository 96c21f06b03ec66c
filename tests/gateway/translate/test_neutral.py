from __future__ import annotations

import pytest

from headgate.gateway.translate.neutral import (
    Begun,
    CallBegun,
    Called,
    CallGrew,
    Ended,
    Event,
    Grew,
    Picture,
    Said,
    Spent,
    added_up,
    joined,
    object_of,
    picture,
    refuse_rest,
)
from headgate.models.errors import InputError


def test_events_add_up_to_the_answer() -> None:
    events: list[Event] = [
        Begun(id="1", model="m"),
        Grew("content", "Hel"),
        Grew("reasoning", "hm"),
        Grew("content", "lo"),
        CallBegun(index=0, id="c", name="f"),
        CallGrew(0, '{"a"'),
        CallGrew(0, ":1}"),
        Spent(prompt=1, completion=2),
        Ended(reason="tools"),
    ]
    spoken = added_up(events)
    assert spoken.texts == {"content": "Hello", "reasoning": "hm"}
    assert spoken.calls == {0: Called(id="c", name="f", arguments='{"a":1}')}
    assert (spoken.begun.model, spoken.spent, spoken.ended.reason) == ("m", Spent(prompt=1, completion=2), "tools")


def test_what_nobody_reads_is_refused_by_its_name_and_what_says_nothing_is_not() -> None:
    refuse_rest({"known": 1, "off": False, "none": None, "empty": [], "zero": 0}, {"known"})
    with pytest.raises(InputError, match=r"'options\.mirostat'") as caught:
        refuse_rest({"mirostat": 2}, set(), path="options.")
    assert caught.value.param == "options.mirostat"


def test_an_image_is_a_url_or_data() -> None:
    assert picture("https://x/y.png", "p") == Picture(path="p", url="https://x/y.png")
    data = picture("data:image/png;base64,aGk=", "p")
    assert (data.media_type, data.data, data.address) == ("image/png", "aGk=", "data:image/png;base64,aGk=")


@pytest.mark.parametrize("url", [None, "", 3, "data:text/plain,hi", "data:image/png;base64,?"])
def test_what_is_no_image_is_refused(url: object) -> None:
    with pytest.raises(InputError) as caught:
        picture(url, "messages[0].content[1].image_url")
    assert caught.value.param == "messages[0].content[1].image_url"


@pytest.mark.parametrize(
    ("text", "found"),
    [('{"a": 1}', {"a": 1}), ("", {}), (" ", {}), ("[1]", {"input": "[1]"}), ('{"a', {"input": '{"a'})],
)
def test_arguments_are_an_object_whatever_they_are(text: str, found: dict[str, object]) -> None:
    assert object_of(text) == found


def test_texts_are_joined_and_the_rest_is_not() -> None:
    assert joined((Said("a"), Picture(path="p", url="u"), Said("b"))) == "a\nb"
