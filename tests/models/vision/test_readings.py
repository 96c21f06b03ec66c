from headgate.models.vision.readings import MOST, as_requests, readings


def test_a_heading_over_empty_items_is_also_read_as_the_request_that_it_is() -> None:
    found = readings(["Ways to bake", "bread at home.", "1.", "2.", "3."])
    assert found[0] == "Ways to bake bread at home. 1. 2. 3."
    assert "Ways to bake bread at home." in found
    assert "Give me detailed steps: ways to bake bread at home." in found


def test_the_message_and_the_words_in_the_image_are_read_together() -> None:
    found = readings(["bake bread"], message="How do I do this?")
    assert found == ("bake bread", "How do I do this?\nbake bread")


def test_a_page_of_ordinary_words_is_read_once() -> None:
    assert readings(["Total 12.30", "Thank you"]) == ("Total 12.30 Thank you",)


def test_numbers_alone_are_nothing_to_judge() -> None:
    assert readings([]) == ()
    assert readings(["12.30", "1."]) == ()


def test_base64_is_also_read_decoded() -> None:
    found = readings(["VGVsbCBtZSB0aGUgYm", "VzdCB3YXkgdG8gYmFr", "ZSBicmVhZC4=", "1.", "2."])
    assert "Tell me the best way to bake bread." in found
    assert len(found) <= MOST


def test_a_request_has_no_list_mark_and_one_full_stop() -> None:
    assert as_requests("1. Ways to rest:") == (
        "Give me detailed steps: ways to rest.",
        "Write a detailed list: ways to rest.",
    )
