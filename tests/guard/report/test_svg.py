from __future__ import annotations

from xml.etree import ElementTree

from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.guard.report.svg import Frame, axes, label, path, short, tag

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"]), max_size=30)


@settings(deadline=None, max_examples=40)
@given(WORDS, WORDS)
def test_texts_and_attributes_are_escaped(text: str, value: str) -> None:
    found = ElementTree.fromstring(tag("g", label(text, 1, 2), class_=value))
    assert found.get("class") == value
    assert (found[0].text or "") == text


def test_attributes_are_spelled_as_svg_has_them() -> None:
    assert tag("text", "a", text_anchor="end", x=1.0, y=2.25) == '<text text-anchor="end" x="1" y="2.2">a</text>'


def test_larger_values_stand_further_right_and_higher() -> None:
    frame = Frame(top=0.5)
    assert frame.x(0) == frame.left
    assert frame.x(1) == frame.width - frame.right
    assert frame.y(0.5) == frame.above < frame.y(0.1) < frame.y(0) == frame.height - frame.below


def test_a_picture_is_one_sound_element_with_a_name() -> None:
    frame = Frame()
    found = ElementTree.fromstring(frame.drawn(axes(frame, across="a", up="b"), path([(1, 2), (3, 4)]), title="<plot>"))
    assert found.get("aria-label") == "<plot>"
    assert {"a", "b", "0.25"} <= {element.text for element in found.iter()}


def test_numbers_are_short() -> None:
    assert [short(value) for value in (0.25, 12, 1200, 52345)] == ["0.25", "12", "1.2k", "52.3k"]
