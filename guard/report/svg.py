"""Just enough SVG to draw a plot: elements as text, a frame with axes, and numbers short enough to read."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

import msgspec


def tag(name: str, /, *inside: str, **attributes: object) -> str:
    """One element; attribute names lose a trailing underscore and turn `_` into `-`; `inside` is not escaped."""
    given = "".join(f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"' for key, value in attributes.items())
    return f"<{name}{given}>{''.join(inside)}</{name}>"


def label(text: str, x: float, y: float, *, class_: str = "", anchor: str = "start") -> str:
    """A text at a point, escaped; `anchor` is start, middle or end."""
    return tag("text", escape(text), x=x, y=y, class_=class_, text_anchor=anchor)


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """A plot's area in pixels inside its margins; both axes run over 0..1 unless `top` says how high y goes."""

    width: float = 320
    height: float = 240
    left: float = 44
    right: float = 12
    above: float = 10
    below: float = 40
    top: float = 1.0

    def x(self, value: float) -> float:
        """The pixel column of a value."""
        return self.left + value * (self.width - self.left - self.right)

    def y(self, value: float) -> float:
        """The pixel row of a value: larger values stand higher."""
        return self.height - self.below - value / self.top * (self.height - self.above - self.below)

    def drawn(self, *marks: str, title: str) -> str:
        """The whole picture with its marks; `title` is what a screen reader says."""
        return tag(
            "svg",
            *marks,
            width=self.width,
            viewBox=f"0 0 {_value(self.width)} {_value(self.height)}",
            role="img",
            aria_label=title,
            xmlns="http://www.w3.org/2000/svg",
        )


def axes(frame: Frame, *, across: str, up: str, ticks: Iterable[float] = (0, 0.25, 0.5, 0.75, 1)) -> str:
    """Grid lines, tick labels and the names of both axes."""
    marks = []
    for tick in ticks:
        x, y = frame.x(tick), frame.y(tick * frame.top)
        marks += [
            _line(x, frame.y(0), x, frame.y(frame.top), class_="grid"),
            _line(frame.x(0), y, frame.x(1), y, class_="grid"),
            label(f"{tick:g}", x, frame.y(0) + 14, class_="tick", anchor="middle"),
            label(short(tick * frame.top), frame.x(0) - 6, y + 3, class_="tick", anchor="end"),
        ]
    middle = (frame.y(0) + frame.y(frame.top)) / 2
    return "".join(
        [
            *marks,
            label(across, (frame.x(0) + frame.x(1)) / 2, frame.height - 6, class_="axis", anchor="middle"),
            tag(
                "g",
                label(up, 0, 0, class_="axis", anchor="middle"),
                transform=f"translate(11 {middle:.1f}) rotate(-90)",
            ),
        ]
    )


def path(points: Iterable[tuple[float, float]], **attributes: object) -> str:
    """A line through pixel points."""
    return tag("path", d="M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points), fill="none", **attributes)


def line(frame: Frame, x1: float, y1: float, x2: float, y2: float, *, class_: str) -> str:
    """A straight line between two points of the frame's scales."""
    return _line(frame.x(x1), frame.y(y1), frame.x(x2), frame.y(y2), class_=class_)


def short(value: float) -> str:
    """A count or share in a few characters: 1200 is 1.2k."""
    if value >= 1000:
        return f"{value / 1000:.3g}k"
    return f"{value:.3g}"


def _line(x1: float, y1: float, x2: float, y2: float, *, class_: str) -> str:
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def _value(value: object) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else escape(str(value))
