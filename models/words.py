"""A short list of common English words: evidence that a decoded text is a text."""

from __future__ import annotations

import re

# Three letters or more, and none whose mirror image or rot13 is a word too (was/saw, not/ton, now/won).
_TEXT = """
    about above across after again against all also always and another answer anyone anything are around ask away
    back because been before being best better between both build bring buy call came can cannot change come could
    create day days did different does doing done down each easy every everyone everything example explain find first
    following for found from full get getting give given goes going good great group had hand has have having help her
    here high him his home house how ignore instructions into its just keep kind know large last later leave less let
    life like line little long look made make making many may mean means men might money more morning most much must
    name need needed never new next night nothing number off often old once one only open order other others our out
    over own part people person place please point possible previous problem question quite read really right said same
    say school secret see seem send set she should show simple since small some someone something soon start state step
    steps still story such system take tell text than thank that the their them then there these they thing things think
    this those though three through today together told too took under until use used using very want water way ways
    week well went were what when where which while who whole why will with without women word words work world would
    write year years yes yet you young your kill attack weapon people bomb drug steal hack hurt poison password
"""

COMMON = frozenset(_TEXT.split())

_WORD = re.compile(r"[a-z]{3,}")


def hits(text: str) -> int:
    """How many words of the text are common ones."""
    return sum(word in COMMON for word in _WORD.findall(text.lower()))


def reads_as_text(text: str) -> bool:
    """Whether a decoded text is plausible: common words, or mostly letters that alternate like a word."""
    found = _WORD.findall(text.lower())
    if any(word in COMMON for word in found):
        return True
    letters = sum(map(len, found))
    vowels = sum(text.lower().count(vowel) for vowel in "aeiouy")
    return letters >= 4 and letters >= 0.9 * len(text.strip()) and 0.2 <= vowels / letters <= 0.65
