"""What is judged of the text in an image: as it stands, as the request that a heading is, and with the message.

FigStep (arXiv 2311.05608) writes a harmful heading over empty list items and asks, innocently, to fill them in.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from .base64_lines import decoded

MOST: Final = 6

_MARK: Final = r"(?:\(?\d{1,2}\s*[.):,]?|[-*•·o])"
_EMPTY_ITEMS: Final = re.compile(rf"(?:(?:^|\s+){_MARK}(?=\s|$)){{2,}}\s*$")
_LEADING_MARK: Final = re.compile(rf"^\s*{_MARK}\s+")
_SPACES: Final = re.compile(r"\s+")
_WAYS: Final = re.compile(
    r"(?:the\s+|some\s+|best\s+|easy\s+)*(?:steps?|methods?|ways?|tips|techniques?|strategies|tactics|instructions"
    r"|tricks|procedures?|approaches|means|how)\s+(?:on\s+how\s+)?to\s+(?=\S)",
    re.IGNORECASE,
)
_THINGS: Final = re.compile(
    r"(?:list|examples?|types|kinds|sources|descriptions?|guide|outline|recipes?)\b", re.IGNORECASE
)


def readings(rows: Sequence[str], *, message: str = "") -> tuple[str, ...]:
    """Distinct texts to judge, the plainest first; none where the rows hold no letter.

    The marks of empty items are left out: they say nothing but that the heading over them asks for something.
    """
    whole = _SPACES.sub(" ", " ".join(rows)).strip()
    if not any(character.isalpha() for character in whole):
        return ()
    hidden = decoded(rows)
    body = hidden or whole
    heading = _heading(body)
    said = message.strip()
    if heading != body and _names_a_list(heading):
        # The words alone say less than the request that they stand for, and are more often taken for what they name.
        found = [*([whole] if hidden else []), *as_requests(heading), *([f"{heading}\n{said}"] if said else [])]
        return tuple(dict.fromkeys(found))[:MOST]
    found = [whole, heading] if hidden else [heading]
    if hidden or heading != body:
        found += as_requests(heading)
    if said:
        found.append(f"{said}\n{heading}")
    return tuple(dict.fromkeys(found))[:MOST]


def _heading(body: str) -> str:
    """What stands over empty items, numbered from one or with bullets; the body itself where there are none."""
    items = _EMPTY_ITEMS.search(body)
    if items is None or not items.start():
        return body
    numbers = [int(number) for number in re.findall(r"\d+", items[0])]
    return body[: items.start()].strip() if numbers == list(range(1, len(numbers) + 1)) else body


def _names_a_list(heading: str) -> bool:
    """Whether it says what the items are: steps, ways, examples."""
    said = _bare(heading)
    return _WAYS.match(said) is not None or _THINGS.match(said) is not None


def as_requests(heading: str) -> tuple[str, ...]:
    """The heading of a list that is to be filled in, said as whoever wants that would ask for it."""
    said = _bare(heading)
    how = _WAYS.match(said)
    if how is not None:
        do = said[how.end() :]
        return (f"How do I {do}?", f"Tell me how to {do}.", f"Explain step by step how to {do}.")
    lower = f"{said[:1].lower()}{said[1:]}"
    if _THINGS.match(said):
        return (f"Give me a {lower}.", f"Write a {lower}.", f"Write a detailed {lower}.")
    return (f"Give me detailed steps: {lower}.", f"Write a detailed list: {lower}.")


def _bare(heading: str) -> str:
    return _LEADING_MARK.sub("", heading).rstrip(" .:")
