"""What every worker of a run must know; plain values, which may travel to another machine."""

from __future__ import annotations

import msgspec

from ..rows import Columns
from .where import Condition


class Upstream(msgspec.Struct, frozen=True, kw_only=True):
    """The OpenAI-compatible server that makes answers again: its base URL, model, and the variable with its key.

    `concurrency` is how many rows it works on at a time, `timeout` the seconds that one answer may take.
    """

    url: str
    model: str
    key_env: str = ""
    concurrency: int = 8
    timeout: float = 120.0


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What to do with rows, and where the results go: `folder` is a path, or a URL that fsspec knows.

    `tag` keeps all rows in one output with their verdicts; `annotate` writes verdicts beside kept rows too;
    `compression` is that of lines; `examples` collects rows for the report; `thresholds` are those of a `source`.
    `scores` names a file of scores that stand in for the models', matched by the column `score_key` or by place;
    `write_scores` leaves such a file; `alone` says that there is one input. `upstream` makes rejected answers again.
    """

    folder: str
    columns: Columns = Columns()
    preset: str = ""
    tag: bool = False
    annotate: bool = False
    spare_rejected: bool = False
    where: tuple[Condition, ...] = ()
    compression: str = ""
    examples: bool = False
    thresholds: dict[str, float] = {}
    glance: bool = False
    scores: str = ""
    score_key: str = ""
    write_scores: bool = False
    alone: bool = True
    upstream: Upstream | None = None
