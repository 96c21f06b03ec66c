"""How usual it is in English that one letter follows another: what tells a text from letters that only look like one.

The table holds -log P(second | first), rounded, counted over 60,000 prompts; the space stands for all between words.
"""

from __future__ import annotations

from typing import Final

_LETTERS: Final = " abcdefghijklmnopqrstuvwxyz"
# fmt: off
_COSTS: Final = (
    "823334343355434336432453747", "264347545374232648232445636", "325671776267377278345267838",
    "326472882382477287353388958", "137642756277565279447457848", "136433556576343457223645447",
    "137772377287477278364277858", "136772733377464258345388858", "227771886288666289463588849",
    "245333437774341357422748785", "325552565355656256555165665", "146661665275563568635576757",
    "236632467285256359644455837", "224671566377645239647387838", "136422527374564378732557847",
    "255444356574332349243243658", "237662674377265238243387858", "245555555555355554555055555",
    "226542657284444269433457838", "146472773385555347732485849", "137372662398577259344485948",
    "244344535486342738222678756", "437670877277676377667567767", "226762772277574278346786878",
    "135353555265555426552366446", "145553667476555148534676757", "235562555255455355455455522",
)
# fmt: on
_TABLE: Final = {
    first + second: int(cost)
    for first, row in zip(_LETTERS, _COSTS, strict=True)
    for second, cost in zip(_LETTERS, row, strict=True)
}
_SIGNS: Final = {" ": 0.0, ".": 1.0, ",": 1.0, "'": 2.0, "?": 2.0, "!": 2.0, "-": 2.0, ":": 2.0, ";": 3.0}
_DIGIT: Final = 2.0
_ODD: Final = 10.0
_CAPITAL: Final = 4.0
"""What a capital costs after a small letter."""


def cost(first: str, second: str) -> float:
    """How unusual the second character is after the first, in nats and more; 0 for what is sure to follow."""
    if not second.isascii() or not (second.isalnum() or second in _SIGNS):
        return _ODD
    found: float = _TABLE[_folded(first) + _folded(second)]
    if second.isdigit():
        return found + _DIGIT
    if second.isupper() and first.islower():
        return found + _CAPITAL
    # Two signs in a row stand for two spaces, which the table knows as rare; of those only the sign counts.
    return _SIGNS[second] if second in _SIGNS and not first.isalpha() else found + _SIGNS.get(second, 0.0)


def unlikeliness(text: str) -> float:
    """The mean cost of a text's characters: about 2.5 for English, twice that and more for letters at random."""
    return sum(map(cost, " " + text, text)) / len(text) if text else _ODD


def _folded(character: str) -> str:
    lower = character.lower()
    return lower if lower in _LETTERS else " "
