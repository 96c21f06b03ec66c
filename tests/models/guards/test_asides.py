import pytest

from headgate.models.content import Image, Role, Text
from headgate.models.guards.asides import answers_only, images_only, inputs_only, texts_only

from .replies import ANSWER, PICTURE, PROMPT


def test_each_kind_of_guard_takes_what_it_was_made_for():
    assert answers_only(ANSWER) is None
    assert inputs_only(PROMPT) is None
    assert inputs_only(Text(text="a", role=Role.TOOL_RESULT)) is None
    assert texts_only(PROMPT) is None
    assert images_only(PICTURE) is None


@pytest.mark.parametrize(
    ("aside", "part", "reason"),
    [
        (answers_only, PROMPT, "unsupported_role"),
        (inputs_only, ANSWER, "unsupported_role"),
        (answers_only, PICTURE, "unsupported_kind"),
        (inputs_only, PICTURE, "unsupported_kind"),
        (texts_only, PICTURE, "unsupported_kind"),
        (images_only, PROMPT, "unsupported_kind"),
        (images_only, Image(url="https://example.org/a.png"), "not_fetched"),
    ],
)
def test_anything_else_is_put_aside_with_a_reason(aside, part, reason: str):
    found = aside(part)
    assert found is not None
    assert found.reason == reason
