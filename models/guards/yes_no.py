"""The probability of Yes in a reply that starts with Yes or No."""

from __future__ import annotations

import re

from ..errors import Unparsable
from .asking import Ask, Reply
from .odds import odds


def yes(ask: Ask, reply: Reply) -> float:
    """From the odds of the first token, else 0 or 1 from the first word; Unparsable where that is neither."""
    chances = odds(ask, reply)
    if chances is not None:
        return next(chance for choice, chance in chances.items() if choice.lower() == "yes")
    word = re.match(r"\W*(yes|no)\b", reply.text, re.IGNORECASE)
    if word is None:
        raise Unparsable("the reply starts with neither Yes nor No")
    return float(word[1].lower() == "yes")
