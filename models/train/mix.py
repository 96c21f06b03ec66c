"""The mix: which share of the training each kind of row gets, whatever the sets' sizes, and what is held out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec
import numpy as np

from .rows import UNKNOWN, Row, group_key

# First the public sets alone, then all rows, where those written for this project take two fifths.
PUBLIC: dict[str, float] = {
    "chat_safe": 0.18,
    "chat_hard": 0.10,
    "chat_foreign": 0.02,
    "chat_unsafe": 0.12,
    "attack": 0.07,
    "pair_labelled": 0.17,
    "pair_safe": 0.06,
    "pair_unsafe": 0.01,
    "pair_foreign": 0.005,
    "post_safe": 0.075,
    "post_unsafe": 0.065,
    "post_foreign": 0.01,
    "visual_labelled": 0.03,
    "visual_safe": 0.05,
    "visual_unsafe": 0.035,
}
OWN: dict[str, float] = {"chat_own": 0.18, "pair_own": 0.13, "post_own": 0.04, "visual_own": 0.07}
ALL: dict[str, float] = OWN | {name: share * (1 - sum(OWN.values())) for name, share in PUBLIC.items()}
TWO_SIDED = frozenset(
    [
        "diasafety",
        "gptfuzz_labeled_train",
        "salad_mcq_responses",
        "decodingtrust_stereotype",
        "CoProV2",
        "headgate_answers",
        "safe_rlhf_mini",
        "pku_safe_responses",
        "jailjudge_mini",
        "hexphi_gpt4_scored",
    ]
)
BOOST: dict[str, float] = {
    "diasafety": 1.6,
    "gptfuzz_labeled_train": 2.2,
    "salad_mcq_responses": 1.2,
    "caia_safety": 2.0,
    "oasst1_en": 2.5,
    "arena_hard_v2": 2.5,
    "awesome_chatgpt_prompts": 2.0,
    "ultrachat_eval": 1.5,
    "headgate_contrasts": 3.0,
    "headgate_settings": 1.5,
    "davidson": 0.25,
    "cysecbench": 0.4,
    "decodingtrust_stereotype": 0.5,
    "schema_guided_dialogue": 0.4,
    "gsm8k": 0.3,
    "convabuse": 1.3,
    "disfl_qa": 0.6,
    "banking77": 0.6,
    "civil_comments_toxic_spans": 0.6,
    "Nibbler": 0.7,
    "gpteacher_roleplay": 1.6,
    "arena_bench_v1": 1.5,
    "sghatecheck": 2.0,
    "wildjailbreak_2000": 0.9,
    "deepset_injections_train": 0.6,
    "stormfront_vicomtech": 0.5,
    # The rest is read with `research` alone: answers graded by people, and prompts of real users.
    "safe_rlhf_mini": 3.0,
    "pku_safe_responses": 1.5,
    "jailjudge_mini": 2.5,
    "wildguard_aegis_toxicchat_train_4077": 3.0,
}
CAP = 6000
HOLDOUT = 40  # one group in so many is kept out of training
OWN_SOURCE = "headgate_own"
BIAS_SOURCE = "bias_madlibs_3k"
# More of our own, because they look most like traffic, and half of the set that shows how groups are treated.
HOLDOUTS: dict[str, int] = {OWN_SOURCE: 9, BIAS_SOURCE: 2}
_FAMILY = {"chat": "chat", "pair": "pair", "text": "post", "t2i": "visual", "t2v": "visual"}


class Cell(msgspec.Struct, frozen=True):
    """Rows of one source and label, and the probability that a draw falls among them."""

    name: str
    rows: list[Row]
    share: float


class Twins(msgspec.Struct, frozen=True):
    """Rows of one twin group: alike but for the fact that makes some of them harmful."""

    safe: list[Row]
    harmful: list[Row]


class Drawn(msgspec.Struct, frozen=True):
    """A row, and the number of the couple that it was drawn in (-1: alone)."""

    row: Row
    couple: int = -1


class Split(msgspec.Struct, frozen=True):
    """Rows to learn from and rows held out; no group of near-duplicates has rows in both."""

    train: list[Row]
    held_out: list[Row]


def group_of(row: Row) -> str:
    """The name in `PUBLIC` or `OWN` that a row belongs to."""
    family = _FAMILY[row.marker]
    if row.source == OWN_SOURCE:
        return f"{family}_own"
    if row.attack > 0.5:
        return "attack"
    if not row.english:
        return f"{family}_foreign"
    if row.source in TWO_SIDED and f"{family}_labelled" in PUBLIC:
        return f"{family}_labelled"
    if row.hard and family == "chat":
        return "chat_hard"
    return f"{family}_{'unsafe' if row.unsafe > 0.5 else 'safe'}"


def split(rows: Iterable[Row]) -> Split:
    """Hold out one group in forty, more of some sources; templates of this project always teach."""
    train: list[Row] = []
    held_out: list[Row] = []
    for row in rows:
        template = row.source.startswith("headgate_") and row.source != OWN_SOURCE
        out = not template and group_key(row) % HOLDOUTS.get(row.source, HOLDOUT) == 0
        (held_out if out else train).append(row)
    return Split(train, held_out)


def cells(rows: Iterable[Row], shares: Mapping[str, float]) -> list[Cell]:
    """Sources within a group share by the square root of their capped size, times their boost.

    Rows of groups that `shares` does not name are left out.
    """
    groups: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        group = group_of(row)
        if group in shares:
            groups[group][f"{row.source}/{row.marker}/{row.positive:d}"].append(row)
    made = []
    for group, sources in groups.items():
        weights = {
            name: min(len(found), CAP) ** 0.5 * BOOST.get(found[0].source, 1.0) for name, found in sources.items()
        }
        scale = shares[group] / sum(weights.values())
        made += [Cell(f"{group}/{name}", found, weights[name] * scale) for name, found in sources.items()]
    return made


def twins(pool: Iterable[Cell]) -> dict[str, Twins]:
    """The groups of our own rows that hold both a harmless and a harmful one, by name."""
    groups: dict[str, Twins] = defaultdict(lambda: Twins([], []))
    for cell in pool:
        for row in cell.rows:
            if row.source == OWN_SOURCE and row.group and row.unsafe != UNKNOWN:
                (groups[row.group].harmful if row.unsafe > 0.5 else groups[row.group].safe).append(row)
    return {name: found for name, found in groups.items() if found.safe and found.harmful}


def draw(
    pool: Sequence[Cell], count: int, rng: np.random.Generator, *, rivals: Mapping[str, Twins] | None = None
) -> list[Drawn]:
    """Sample `count` rows with replacement, by share; every other row with `rivals` brings one, the rest stay away."""
    shares = np.array([cell.share for cell in pool])
    chosen = rng.choice(len(pool), size=2 * count, p=shares / shares.sum())
    made: list[Drawn] = []
    for index in chosen:
        rows = pool[index].rows
        row = rows[int(rng.integers(len(rows)))]
        found = (rivals or {}).get(row.group) if row.source == OWN_SOURCE and row.unsafe != UNKNOWN else None
        if found is None:
            made.append(Drawn(row))
        elif rng.random() < 0.5:  # couples of half the rows: each kind keeps its share
            others = found.safe if row.unsafe > 0.5 else found.harmful
            made += [Drawn(row, len(made)), Drawn(others[int(rng.integers(len(others)))], len(made))]
        if len(made) >= count:
            break
    return made[:count]
