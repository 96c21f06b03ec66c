"""Rows of token ids as the arrays that a graph is fed with, and the check of what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from .errors import InferenceFailed

Feeds: TypeAlias = dict[str, npt.NDArray[Any]]
Logits: TypeAlias = npt.NDArray[np.float32]


def padded(
    input_ids: Sequence[Sequence[int]], type_ids: Sequence[Sequence[int]], *, pad_id: int = 0, length: int = 0
) -> Feeds:
    """int64 arrays [rows, length] named as in Hugging Face's graphs; `length` 0 stands for the longest row's."""
    shape = (len(input_ids), max(length, max(map(len, input_ids), default=0)))
    ids, mask, types = (np.full(shape, fill, dtype=np.int64) for fill in (pad_id, 0, 0))
    for row, (tokens, kinds) in enumerate(zip(input_ids, type_ids, strict=True)):
        ids[row, : len(tokens)] = tokens
        mask[row, : len(tokens)] = 1
        types[row, : len(kinds)] = kinds
    return {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}


def checked(logits: npt.NDArray[Any], *, rows: int, name: str, columns: int = 0) -> Logits:
    """The logits as float32; InferenceFailed where they are not one row of finite numbers for each input row.

    With `columns` a row has so many.
    """
    found: Logits = np.asarray(logits, dtype=np.float32)
    if found.ndim != 2 or len(found) != rows or not np.isfinite(found).all():
        raise InferenceFailed(f"{name} did not answer with one row of finite logits for each input row")
    if columns and found.shape[1] != columns:
        raise InferenceFailed(f"{name} answered with {found.shape[1]} logits a row; the model has {columns}")
    return found
