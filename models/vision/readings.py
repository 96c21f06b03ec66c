"""What is judged of the text in an image: as it stands, without its list marks, as a request, and with the message.

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


def readings(rows: Sequence[str], *, message: str = "") -> tuple[str, ...]:
    """Distinct texts to judge, the plainest first; none where the rows hold no letter."""
    whole = _SPACES.sub(" ", " ".join(rows)).strip()
    if not any(character.isalpha() for character in whole):
        return ()
    found = [whole]
    hidden = decoded(rows)
    body = hidden or whole
    heading = _EMPTY_ITEMS.sub("", body).strip()
    if hidden:
        found.append(hidden)
    if heading and heading != body:
        found += [heading, *as_requests(heading)]
    elif hidden:
        found += as_requests(heading)
    if message.strip():
        found.append(f"{message.strip()}\n{heading or body}")
    return tuple(dict.fromkeys(found))[:MOST]


def as_requests(heading: str) -> tuple[str, str]:
    """The heading of a list that is to be filled in, said as the request that it is."""
    heading = _LEADING_MARK.sub("", heading).rstrip(" .:")
    said = f"{heading[:1].lower()}{heading[1:]}."
    return (f"Give me detailed steps: {said}", f"Write a detailed list: {said}")
