"""Undoes what hides letters in plain sight: invisible characters, lookalikes, marks, spacing, digits, repetition."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

from .words import COMMON

_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u2060-\u2064\u206a-\u206f\ufeff\ufff9-\ufffb]"
)
_JOINERS = re.compile("(?<=[A-Za-z])[\u200c\u200d\ufe00-\ufe0f]+(?=[A-Za-z])")
_BIDI = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_OVERRIDE = re.compile("\u202e([^\u202c\u202d\u202e\n]*)\u202c?")
_TAGS = re.compile("(?<!\U0001f3f4)[\U000e0000-\U000e007f]+")
_FLAG_TAGS = re.compile("\U0001f3f4[\U000e0000-\U000e007f]+")
_RTL = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_ZALGO = re.compile("([A-Za-z\u00c0-\u024f])[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20f0]{2,}")
_STRUCK = re.compile("([A-Za-z])[\u0305\u0332\u0333\u0334-\u0338\u20d0-\u20e2\u20e4-\u20f0]")

_STRICT = dict(
    zip(
        "асеорхуіјѕһԁԛԝАВЕКМНОРСТУХІЈЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧονοϲ",
        "aceopxyijshdqwABEKMHOPCTYXIJSABEZHIKMNOPTYXovoc",
        strict=True,
    )
)
# Only inside a word that has Latin letters as well are these read as Latin.
_LOOSE = _STRICT | dict(zip("квмнтпгиьяєαβεικρτυχωηγσδλ", "kbmhtnruьreabeikptuxwnyodl".replace("ь", "b"), strict=True))
_ASCII_LETTER = re.compile("[A-Za-z]")
_FOREIGN = "\u0370-\u03ff\u0400-\u052f"
_WORD = re.compile(rf"[A-Za-z{_FOREIGN}]+")
_GREEK_OR_CYRILLIC = re.compile(f"[{_FOREIGN}]")
_MIXED = re.compile(rf"[A-Za-z][{_FOREIGN}]|[{_FOREIGN}][A-Za-z]")
_STRICT_WORD = re.compile(f"(?<!\\w)[{''.join(_STRICT)}]{{3,}}(?!\\w)")

_SPACED = re.compile(r"(?<!\w)(?<![.'’])[A-Za-z](?:([ .\-_*|/~])[A-Za-z]){3,}(?![\w'’])")
# The counts are bounded so that a long run of single letters is not scanned again from each of them.
_GAPS = re.compile(r"(?<!\w)(?:[A-Za-z] ){1,24}[A-Za-z](?:  +(?:[A-Za-z] ){0,24}[A-Za-z](?!\w)){1,64}")
_LEET_WORD = re.compile(r"(?<![\w@$!#/\\.:%=<>{}()\[\]-])[A-Za-z0-9@$!|]{4,24}(?![\w@$#/\\:%=<>{}()\[\]]|[.\-]\w)")
_LEET_INSIDE = re.compile(r"(?<=[A-Za-z])[013457@$!|]+(?=[A-Za-z])")
_DOUBLE = re.compile(r"00|33|\$\$")
_LEET = {"0": "o", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i", "|": "l"}
_NOT_LEET = frozenset({"log4j", "log4net", "s3cmd", "web3js", "mp3s", "mp4s", "g4dn"})
# WordPiece reads a word of more than 100 characters as one unknown token, whatever it says.
_UNBROKEN = re.compile(r"[^\W\d_]{100,}")
_CHUNK = re.compile(r"[^\W\d_]{48}(?=[^\W\d_])")
_REPEATED = re.compile(r"([A-Za-z])\1{2,}")
_REPEATED_WORD = re.compile(r"(?<![\w/@.])[A-Za-z]{3,30}(?![\w/@])")


def _alphabets() -> dict[int, str]:
    """Styled letters (mathematical, fullwidth, circled, squared, small capitals) to ASCII ones."""
    table = dict(zip(map(ord, "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ"), "abcdefghijklmnoprstuvwyz", strict=True))
    for first in (0x1F150, 0x1F170):
        table |= {first + at: chr(ord("A") + at) for at in range(26)}
    blocks = ((0xFF21, 0xFF5A), (0x1D400, 0x1D7FF), (0x24B6, 0x24E9), (0x249C, 0x24B5), (0x1F110, 0x1F149),
              (0x2100, 0x214F), (0x1D2C, 0x1D6A), (0x2090, 0x209C))  # fmt: skip
    for first, last in blocks:
        for code in range(first, last + 1):
            plain = unicodedata.normalize("NFKC", chr(code)).strip("()")
            if len(plain) == 1 and plain.isascii() and plain.isalnum():
                table[code] = plain
    return table


_STYLED = _alphabets()
_STYLED_SET = frozenset(map(chr, _STYLED))
_ODD = _STYLED_SET.union(
    map(chr, (0x00AD, 0x034F, 0x061C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180E, 0xFEFF)),
    *(map(chr, range(first, last + 1)) for first, last in (
        (0x0300, 0x036F), (0x0483, 0x0489), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0x200B, 0x200F), (0x202A, 0x202E),
        (0x2060, 0x206F), (0x20D0, 0x20F0), (0xFFF9, 0xFFFB), (0xE0000, 0xE007F),
    )),
)  # fmt: skip


def invisible(text: str) -> str:
    """Without zero-width and bidirectional controls; tag characters, which spell words unseen, are written out."""
    if text.isascii():
        return text
    flags = _FLAG_TAGS.search(text) is not None
    if not flags:
        text = _TAGS.sub(_tagged, text)
    text = _JOINERS.sub("", _INVISIBLE.sub("", text))
    if _RTL.search(text) is None:
        text = _BIDI.sub("", _OVERRIDE.sub(lambda match: match[1][::-1], text))
    return text


def lookalikes(text: str) -> str:
    """Styled letters, stacked marks and Cyrillic or Greek letters in Latin words as plain Latin ones.

    Text that really is Cyrillic or Greek stays as it is.
    """
    if text.isascii():
        return text
    text = _STRUCK.sub(r"\1", _ZALGO.sub(r"\1", text))
    if _is_styled(text):
        text = text.translate(_STYLED)
    if _MIXED.search(text):
        text = _WORD.sub(_latinised, text)
    if _STRICT_WORD.search(text) and _is_latin(text):
        text = _STRICT_WORD.sub(lambda match: "".join(_STRICT[char] for char in match[0]), text)
    return text


def spacing(text: str) -> str:
    """Letters set apart ("s p a c e d", "d.o.t.t.e.d") as words."""
    text = _GAPS.sub(lambda match: re.sub(r" {2,}", "\0", match[0]).replace(" ", "").replace("\0", " "), text)
    return _SPACED.sub(_joined, text)


def leet(text: str) -> str:
    """Digits and symbols that stand for letters inside a word; product names, versions, prices and code are left."""
    return _LEET_WORD.sub(_spelled, text)


def repeats(text: str) -> str:
    """Letters drawn out three times or more, once (or twice where that makes a common word)."""
    return _REPEATED_WORD.sub(_shortened, text) if _REPEATED.search(text) else text


def chunks(text: str) -> str:
    """Unbroken runs of 100 letters and more with a space after every 48, so that a tokenizer reads them."""
    return _UNBROKEN.sub(lambda match: _CHUNK.sub(r"\g<0> ", match[0]), text)


def is_odd(text: str) -> bool:
    """A cheap look at a text that is not ASCII: whether invisible() or lookalikes() could change it."""
    if not _ODD.isdisjoint(text):
        return True
    if _GREEK_OR_CYRILLIC.search(text) is None:
        return False
    return bool(_MIXED.search(text) or _STRICT_WORD.search(text))


def _is_styled(text: str) -> bool:
    # One or two styled letters alone are ordinary in Japanese and Chinese text.
    if _STYLED_SET.isdisjoint(text):
        return False
    places = [at for at, char in enumerate(text) if char in _STYLED_SET]
    return len(places) >= 3 or any(_ASCII_LETTER.search(text[max(0, at - 1) : at + 2]) for at in places)


def _tagged(match: re.Match[str]) -> str:
    return "".join(chr(ord(char) - 0xE0000) for char in match[0] if 0xE0020 <= ord(char) < 0xE007F)


def _latinised(match: re.Match[str]) -> str:
    word = match[0]
    foreign = [char for char in word if not char.isascii()]
    if not foreign or len(foreign) == len(word) or any(char not in _LOOSE for char in foreign):
        return word
    return "".join(_LOOSE.get(char, char) for char in word)


def _is_latin(text: str) -> bool:
    # One word that no Latin reader could read makes the text really Cyrillic or Greek.
    words = _WORD.findall(text)
    foreign = [word for word in words if not word.isascii()]
    return len(foreign) < len(words) and all(char.isascii() or char in _STRICT for word in foreign for char in word)


def _joined(match: re.Match[str]) -> str:
    run = match[0]
    letters = run[::2]
    separators = set(run[1::2])
    alphabetical = all(ord(b) - ord(a) == 1 for a, b in pairwise(letters))
    acronym = separators == {"."} and letters.isupper() and len(letters) <= 6
    vowels = any(char in "aeiouAEIOU" for char in letters)
    return run if len(separators) > 1 or alphabetical or acronym or not vowels or len(set(letters)) < 3 else letters


def _spelled(match: re.Match[str]) -> str:
    word = match[0]
    inside = _LEET_INSIDE.findall(word)
    letters = sum(char.isalpha() for char in word)
    if (
        not inside
        or letters < 2
        or any(len(set(run)) > 1 and run.isdigit() for run in inside)
        or word.lower() in _NOT_LEET
    ):
        return word
    if (
        any(char in "269" for char in word)
        or ("@" in word and word[0] == "@")
        or (letters < 3 and not _DOUBLE.search(word))
    ):
        return word
    core = word.rstrip("!|")
    return "".join(_letter(core, at) for at in range(len(core))) + word[len(core) :]


def _letter(word: str, at: int) -> str:
    char = word[at]
    if char == "1":
        return "l" if at and word[at - 1].lower() in "aeiou34@1" else "i"
    return _LEET.get(char, char)


def _shortened(match: re.Match[str]) -> str:
    word = match[0]
    if len(set(word.lower())) < 2:
        return word
    once = _REPEATED.sub(r"\1", word)
    twice = _REPEATED.sub(r"\1\1", word)
    if twice.lower() in COMMON and once.lower() not in COMMON:
        return twice
    return once
