import pytest

from headgate.gateway.wire.openai_generated import Made, parts_of, prompt_of
from headgate.models.content import Image, Purpose, Role, Text, Video
from headgate.models.errors import InputError, UpstreamError


@pytest.mark.parametrize(("purpose", "kind"), [("t2i", Image), ("t2v", Video)])
def test_what_was_made_is_a_part_with_its_prompt(purpose: Purpose, kind: type[Image] | type[Video]) -> None:
    found = parts_of([Made(b64_json="aGk="), Made(url="https://x.test/1")], purpose=purpose, prompt="A barn")
    assert [type(part) for part in found] == [kind, kind]
    assert [part.path for part in found] == ["response.data[0]", "response.data[1]"]
    assert all(part.context == "A barn" and part.role is Role.ASSISTANT for part in found)


@pytest.mark.parametrize("purpose", ["t2i", "t2v"])
def test_of_data_with_an_address_both_are_judged(purpose: Purpose) -> None:
    data, address = parts_of([Made(b64_json="aGk=", url="https://x.test/1")], purpose=purpose, prompt="")
    assert isinstance(data, (Image, Video))
    assert isinstance(address, (Image, Video))
    assert (data.data, data.path) == (b"hi", "response.data[0]")
    assert (address.url, address.path) == ("https://x.test/1", "response.data[0].url")


def test_a_prompt_that_was_reworded_is_judged_beside_what_it_made() -> None:
    (said,) = parts_of([Made(revised_prompt="A red barn.")], purpose="t2i", prompt="A barn")
    assert isinstance(said, Text)
    assert (said.text, said.path) == ("A red barn.", "response.data[0].revised_prompt")


def test_data_that_is_not_base64_is_upstream_s_fault() -> None:
    with pytest.raises(UpstreamError, match="not base64"):
        parts_of([Made(b64_json="!")], purpose="t2v", prompt="")


@pytest.mark.parametrize(("purpose", "what"), [("t2i", "image"), ("t2v", "video")])
def test_a_request_without_a_prompt_is_told_what_is_missing(purpose: Purpose, what: str) -> None:
    assert prompt_of({"prompt": "A barn"}, purpose=purpose).purpose == purpose
    with pytest.raises(InputError, match=f"what the {what} shall show"):
        prompt_of({"prompt": 5}, purpose=purpose)
