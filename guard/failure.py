"""An exception means "not judged", never "passed": the one place where a failure becomes an assessment."""

from __future__ import annotations

import asyncio
import concurrent.futures

from ..models.assessment import Unjudged
from ..models.errors import DeadlineExceeded, HeadgateError, NotJudged
from ..policies.verdict import Verdict


class Blocked(HeadgateError):
    """Content was held back; `verdict` says why and the message is what a person may be shown."""

    def __init__(self, message: str, *, verdict: Verdict) -> None:
        super().__init__(message)
        self.message = message
        self.verdict = verdict


def unjudged(error: BaseException, *, model: str) -> Unjudged:
    """What is known after a judgement failed: a stable reason and the kind of error, never its text.

    The text of a foreign exception may quote the content it choked on.
    """
    if isinstance(error, NotJudged):
        return Unjudged(reason=error.reason, detail=type(error).__name__, model=model)
    if isinstance(error, (TimeoutError, asyncio.TimeoutError, concurrent.futures.TimeoutError)):
        return Unjudged(reason=DeadlineExceeded.reason, detail="no judgement in time", model=model)
    return Unjudged(reason="inference_failed", detail=type(error).__name__, model=model)
