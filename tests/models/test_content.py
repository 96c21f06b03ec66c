import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.models.content import (
    Direction,
    Image,
    Opaque,
    Part,
    Role,
    Text,
    Video,
    digest,
    digests,
    direction_of,
    kind_of,
)

PARTS: list[Part] = [Text(text="hi"), Image(data=b"hi"), Image(url="hi"), Video(data=b"hi"), Opaque(type="hi")]

CONTEXT = "the question that all of these answer"
SHARED: tuple[Part, ...] = (
    Text(text="a", role=Role.ASSISTANT, context=CONTEXT),
    Text(text="b", role=Role.ASSISTANT, context=CONTEXT),
    Text(text="b", role=Role.ASSISTANT, context=CONTEXT, purpose="t2i"),
    Text(text="b", role=Role.USER, context=CONTEXT),
    Image(data=b"b", role=Role.ASSISTANT, context=CONTEXT),
    Opaque(type="b", role=Role.ASSISTANT, context=CONTEXT),
)


@pytest.mark.parametrize("part", PARTS)
def test_a_part_survives_json_as_its_own_kind(part: Part):
    assert msgspec.json.decode(msgspec.json.encode(part), type=Part) == part


def test_kinds_are_the_tags():
    assert [kind_of(part) for part in PARTS] == ["text", "image", "image", "video", "opaque"]


def test_every_role_has_a_direction():
    found = {role: direction_of(role) for role in Role}
    assert found[Role.SYSTEM] is found[Role.USER] is Direction.INPUT
    assert found[Role.ASSISTANT] is found[Role.REASONING] is found[Role.TOOL_CALL] is Direction.OUTPUT
    assert found[Role.TOOL_RESULT] is Direction.TOOL_RESULT
    assert found[Role.DOCUMENT] is Direction.DOCUMENT


def test_all_that_a_classifier_sees_is_in_the_digest_and_the_path_is_not():
    base = Text(text="a", context="b")
    others = [
        Text(text="ab"), Text(text="a", context="b", role=Role.DOCUMENT), Text(text="a", context="b", purpose="t2i"),
        Text(text="b", context="a"), *PARTS,
    ]  # fmt: skip
    digests = {digest(part, key=b"k") for part in (base, *others)}
    assert len(digests) == 1 + len(others)
    assert digest(Text(text="a", context="b", path="messages[3]"), key=b"k") == digest(base, key=b"k")


def test_another_key_gives_another_digest():
    assert digest(PARTS[0], key=b"one") != digest(PARTS[0], key=b"two")


@given(st.text(), st.text(), st.text(), st.text())
@settings(deadline=None)
def test_neighbouring_fields_cannot_trade_characters(text: str, context: str, other: str, around: str):
    same = (text, context) == (other, around)
    one, two = Text(text=text, context=context), Text(text=other, context=around)
    assert (digest(one, key=b"k") == digest(two, key=b"k")) == same


@given(st.lists(st.sampled_from([*PARTS, *SHARED]), max_size=8))
def test_a_part_among_others_has_the_digest_that_it_has_alone(parts: list[Part]):
    assert digests(parts, key=b"k") == [digest(part, key=b"k") for part in parts]


def test_half_a_surrogate_pair_has_a_digest():
    assert digest(Text(text="\ud800", context="\udfff"), key=b"k")
