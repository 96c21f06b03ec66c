"""The JSON object in a reply, whatever stands around it."""

from __future__ import annotations

import json
from typing import Any

from ..errors import Unparsable


def first_object(text: str) -> dict[str, Any]:
    """The first object of a text, in a code fence or not; Unparsable where there is none, or it is cut off."""
    start = text.find("{")
    if start < 0:
        raise Unparsable("no JSON object in the reply")
    try:
        found, _ = json.JSONDecoder().raw_decode(text[start:])
    except (json.JSONDecodeError, RecursionError) as error:
        raise Unparsable("the reply's JSON object is cut off or malformed") from error
    if not isinstance(found, dict):
        raise Unparsable("no JSON object in the reply")
    return found
