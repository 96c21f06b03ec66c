"""Rows written for this project (CC0): harmless texts that look harmful, and their harmful contrasts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

import msgspec
import numpy as np
import yaml

from .answers import AGREE, ANSWER_KINDS, COMPLY, DIGRESS, HARMLESS, REDIRECT, REFUSE
from .rows import Row

SOURCE = "headgate_contrasts"
ANSWERS = "headgate_answers"
SETTINGS = "headgate_settings"
FILE = Path(__file__).parent / "data" / "contrasts.yaml"
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_SLOT = re.compile(r"\{(\w+)\}")
_HOW = re.compile(
    r"^(how (do|can|should|could|would) (i|you|we|one)|how to|what('s| is) the (best|easiest) way to) ", re.I
)


class Family(msgspec.Struct, frozen=True):
    """Templates that share a label; `most` bounds the rows drawn from all their fillings."""

    name: str
    label: str
    templates: list[str]
    marker: str = "chat"
    categories: tuple[str, ...] | None = None
    severity: int = -1
    most: int = 400


class Book(msgspec.Struct, frozen=True):
    """The whole file: word lists and families."""

    lists: dict[str, list[str]]
    families: list[Family]


def read(path: Path = FILE) -> Book:
    """Decode the template file; msgspec.ValidationError names what is malformed."""
    return msgspec.convert(yaml.safe_load(path.read_text(encoding="utf-8")), Book)


def expand(template: str, lists: Mapping[str, Sequence[str]], rng: np.random.Generator) -> str:
    """Fill the slots of a template, slots within fillings included, with random words."""
    while (slot := _SLOT.search(template)) is not None:
        options = lists[slot.group(1)]
        word = options[int(rng.integers(len(options)))]
        template = template[: slot.start()] + word + template[slot.end() :]
    return template.strip()


def family_rows(family: Family, lists: Mapping[str, Sequence[str]], rng: np.random.Generator) -> list[Row]:
    """Distinct rows of one family, at most `most`."""
    texts: dict[str, None] = {}
    for _ in range(family.most * 6):
        template = family.templates[int(rng.integers(len(family.templates)))]
        texts.setdefault(expand(template, lists, rng))
        if len(texts) == family.most:
            break
    return [_row(family, text) for text in texts]


def _row(family: Family, text: str) -> Row:
    unsafe = family.label == "unsafe"
    return Row(
        source=SOURCE,
        marker=family.marker,
        prompt=text,
        unsafe=float(unsafe),
        severity=family.severity if unsafe else 0,
        sensitive=float(family.label == "sensitive"),
        categories=family.categories if unsafe else (),
        hard=not unsafe,
    )


@cache
def _all_rows() -> tuple[Row, ...]:
    book = read()
    return tuple(
        row
        for index, family in enumerate(book.families)
        for row in family_rows(family, book.lists, np.random.default_rng((11, index)))
    )


def rows() -> list[Row]:
    """All contrast rows, the same at every call."""
    return list(_all_rows())


def answered(prompts: Iterable[Row], count: int = 6000) -> list[Row]:
    """Pairs made of harmful requests and our own short answers: refusing, turning aside, complying, agreeing."""
    rng = np.random.default_rng(13)
    harmful = [row for row in prompts if row.marker == "chat" and row.english and row.unsafe > 0.5 and not row.attack]
    harmless = [row for row in prompts if row.marker == "chat" and row.english and row.unsafe == 0.0]
    made = []
    for _ in range(count):
        kind = ANSWER_KINDS[int(rng.integers(len(ANSWER_KINDS)))]
        pool = harmless if kind in ("harmless", "harmful_reply") else harmful
        made.append(answer(pool[int(rng.integers(len(pool)))], kind, rng))
    return made


def borrowed_settings(rows: Iterable[Row], count: int = 2500) -> list[Row]:
    """Openings of jailbreaks with a harmless request in place of theirs: the setting alone is no attack."""
    rng = np.random.default_rng(17)
    found = list(rows)
    openings = [_opening(row.prompt) for row in found if row.source == "wildjailbreak_2000"]
    requests = [
        row.prompt
        for row in found
        if row.marker == "chat" and row.english and row.unsafe == 0.0 and not row.attack and len(row.prompt) < 300
    ]
    if not openings or not requests:
        return []
    base = Row(source=SETTINGS, marker="chat", prompt="", unsafe=0.0, severity=0, categories=(), weight=0.6, hard=True)
    return [
        msgspec.structs.replace(base, prompt=f"{_pick(openings, rng)} {_pick(requests, rng)}", licence="ODC-BY")
        for _ in range(count)
    ]


def _opening(text: str) -> str:
    sentences = _SENTENCE.split(text.strip())
    kept = [sentence for sentence in sentences[: max(1, len(sentences) // 3)] if len(sentence) < 400]
    return " ".join(kept[:2])


def answer(row: Row, kind: str, rng: np.random.Generator) -> Row:
    """One pair of a prompt and an answer of a kind; only compliance and abuse are unsafe."""
    hateful = row.categories is not None and bool({"discrimination", "insult"} & set(row.categories))
    pools = {"refuse": REFUSE, "redirect": REDIRECT, "digress": DIGRESS, "harmless": HARMLESS}
    unsafe = kind not in pools
    if kind == "harmful_reply":
        text = expand("{hate_core}", read_cached().lists, rng) if rng.random() < 0.5 else _pick(AGREE, rng)
    elif unsafe:
        text = _comply(row.prompt, AGREE if hateful else COMPLY, rng)
    else:
        text = _pick(pools[kind], rng)
        if kind == "redirect" and rng.random() < 0.5:
            text = f"{text} {_pick(REDIRECT, rng)}"
    return Row(
        source=ANSWERS,
        marker="pair",
        prompt=row.prompt[:600],
        response=text,
        unsafe=float(unsafe),
        severity=-1 if unsafe else 0,
        refusal=float(kind == "refuse"),
        categories=(row.categories if kind == "comply" else None) if unsafe else (),
        maybe=row.maybe if unsafe else (),
        weight=0.8,
    )


def _comply(prompt: str, pool: Sequence[str], rng: np.random.Generator) -> str:
    how = _HOW.match(prompt)
    opening = ""
    if how is not None and rng.random() < 0.7:
        goal = prompt[how.end() :].rstrip("?. ")
        opening = _pick(("To {} you have several options.", "You can {} easily.", "The best way to {}:"), rng).format(
            goal
        )
    elif rng.random() < 0.5:
        opening = _pick(("Sure!", "Of course.", "Here is how:", "Yes, I can help you with that.", "Great idea!"), rng)
    count = int(rng.integers(1, 4))
    return " ".join((opening, *(_pick(pool, rng) for _ in range(count)))).strip()


@cache
def read_cached() -> Book:
    """The template file, read once."""
    return read()


def _pick(pool: Sequence[str], rng: np.random.Generator) -> str:
    return pool[int(rng.integers(len(pool)))]
