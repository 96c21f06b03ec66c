"""Personal data in a text: where it stands and what kind it is, by form and check digits.

Phone numbers are found by `phonenumbers`, Google's own tables in Python: Apache-2.0, released every two weeks, without
dependencies. The rest needs no library: forms and check digits are public standards. Names of people and places need a
language model of hundreds of megabytes (presidio-analyzer brings spaCy) and are not looked for.
"""

from __future__ import annotations

import importlib
import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from ...models.errors import ConfigError
from ..blocks import PiiKind
from ..hits import Stretch

MISSING: Final = "phone numbers need phonenumbers: pip install 'headgate[pii]', or leave phone out of pii.kinds"

# Every quantifier is bounded or followed by what it cannot match: none of these goes back far.
_EMAIL: Final = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}(?![\w-])")
_CARD: Final = re.compile(r"(?<![\d-])\d(?:[ -]?\d){12,18}(?![\d-]|\.\d)")
_IBAN: Final = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?(?![A-Za-z0-9])")
_IP: Final = re.compile(r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f:]{3,39})(?![\w:]|\.\d)")
_SSN: Final = re.compile(r"(?<![\d-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\d-])")


def found(text: str, kind: PiiKind, *, region: str | None = None) -> tuple[Stretch, ...]:
    """Where data of a kind stands in the text; ConfigError where the library for it is missing."""
    if kind == "phone":
        return tuple(_phones(text, region))
    return tuple(_SEEKERS[kind](text))


def matcher() -> Any:
    """The module `phonenumbers`; ConfigError where it is not installed."""
    try:
        return importlib.import_module("phonenumbers")
    except ImportError as error:
        raise ConfigError(MISSING) from error


def _phones(text: str, region: str | None) -> Iterator[Stretch]:
    if sum(char.isdigit() for char in text) < 7:
        return
    for match in matcher().PhoneNumberMatcher(text, region):
        yield (match.start, match.end)


def _emails(text: str) -> Iterator[Stretch]:
    if "@" in text:
        yield from (match.span() for match in _EMAIL.finditer(text))


def _cards(text: str) -> Iterator[Stretch]:
    for match in _CARD.finditer(text):
        digits = [int(char) for char in match[0] if char.isdigit()]
        if _luhn(digits) and len(set(digits)) > 1:
            yield match.span()


def _luhn(digits: list[int]) -> bool:
    """ISO/IEC 7812-1, annex B."""
    doubled = [digit if place % 2 == 0 else digit * 2 - 9 * (digit > 4) for place, digit in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def _ibans(text: str) -> Iterator[Stretch]:
    for match in _IBAN.finditer(text):
        end = _iban_end(match[0])
        if end:
            yield (match.start(), match.start() + end)


def _iban_end(word: str) -> int:
    """How much of a word is an account number: ISO 13616, the whole or up to a space, with the check digits right."""
    ends = [len(word), *(at for at in range(len(word) - 1, 14, -1) if word[at] == " ")]
    for end in ends:
        plain = word[:end].replace(" ", "")
        number = "".join(str(int(char, 36)) for char in plain[4:] + plain[:4])
        if 15 <= len(plain) <= 34 and int(number) % 97 == 1:
            return end
    return 0


def _addresses(text: str) -> Iterator[Stretch]:
    for match in _IP.finditer(text):
        word = match[0]
        # Three colons at least, or an hour of the day would be an address.
        if "." not in word and word.count(":") < 3:
            continue
        try:
            ipaddress.ip_address(word)
        except ValueError:
            continue
        yield match.span()


def _social_security(text: str) -> Iterator[Stretch]:
    yield from (match.span() for match in _SSN.finditer(text))


_SEEKERS: Final[Mapping[PiiKind, Callable[[str], Iterator[Stretch]]]] = {
    "email": _emails,
    "card": _cards,
    "iban": _ibans,
    "ip": _addresses,
    "ssn": _social_security,
}
