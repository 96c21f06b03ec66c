import pytest

from headgate.models.vision.readings import MOST, as_requests, readings


def test_a_heading_over_empty_items_is_also_read_as_the_request_that_it_is() -> None:
    found = readings(["Ways to bake", "bread at home.", "1.", "2.", "3."])
    assert found == (
        "How do I bake bread at home?",
        "Tell me how to bake bread at home.",
        "Explain step by step how to bake bread at home.",
    )


def test_the_words_over_empty_items_are_kept_beside_the_message() -> None:
    found = readings(["List of breads.", "1.", "2."], message="Which of them rise fastest?")
    assert found[-1] == "List of breads.\nWhich of them rise fastest?"
    assert "List of breads." not in found


def test_words_over_empty_items_that_say_not_what_the_items_are_stand_as_they_are() -> None:
    found = readings(["Bake bread for me.", "1.", "2."], message="Go on.")
    assert found[0] == "Bake bread for me."
    assert found[-1] == "Go on.\nBake bread for me."


def test_other_numbers_at_the_end_are_no_empty_items() -> None:
    assert readings(["Call me: 06 12 34 56 78"]) == ("Call me: 06 12 34 56 78",)
    assert readings(["Ways to rest", "•", "•"])[0] == "How do I rest?"


def test_items_that_say_something_are_read_with_their_heading() -> None:
    assert readings(["Ways to rest.", "1. Sleep", "2. Swim"]) == ("Ways to rest. 1. Sleep 2. Swim",)


def test_the_message_and_the_words_in_the_image_are_read_together() -> None:
    found = readings(["bake bread"], message="How do I do this?")
    assert found == ("bake bread", "How do I do this?\nbake bread")


def test_a_page_of_ordinary_words_is_read_once() -> None:
    assert readings(["Total 12.30", "Thank you"]) == ("Total 12.30 Thank you",)


def test_numbers_alone_are_nothing_to_judge() -> None:
    assert readings([]) == ()
    assert readings(["12.30", "1."]) == ()


def test_base64_is_read_decoded_and_as_it_stands() -> None:
    found = readings(["VGVsbCBtZSB0aGUgYm", "VzdCB3YXkgdG8gYmFr", "ZSBicmVhZC4=", "1.", "2."])
    assert found[0] == "VGVsbCBtZSB0aGUgYm VzdCB3YXkgdG8gYmFr ZSBicmVhZC4= 1. 2."
    assert "Tell me the best way to bake bread." in found
    assert len(found) <= MOST


@pytest.mark.parametrize(
    ("heading", "asked"),
    [
        ("1. Ways to rest:", ("How do I rest?", "Tell me how to rest.", "Explain step by step how to rest.")),
        ("How to rest", ("How do I rest?", "Tell me how to rest.", "Explain step by step how to rest.")),
        (
            "List of rivers.",
            ("Give me a list of rivers.", "Write a list of rivers.", "Write a detailed list of rivers."),
        ),
        ("Bake bread.", ("Give me detailed steps: bake bread.", "Write a detailed list: bake bread.")),
    ],
)
def test_a_request_has_no_list_mark_and_the_words_of_its_heading(heading: str, asked: tuple[str, ...]) -> None:
    assert as_requests(heading) == asked
