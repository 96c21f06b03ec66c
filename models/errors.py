"""The tree of everything that can go wrong.

HeadgateError
├── ConfigError                what a person wrote is wrong: names the field and the remedy
│   └── PolicyError            a policy that cannot run; carries every diagnostic
├── ExportRefused              an export differs from its original by more than its tolerance
├── InputError                 what a caller sent is wrong: names the field
│   └── UnknownModel           nobody answers for the model that was asked for
├── NotJudged                  a part could not be judged; never the same as "safe"
│   ├── ModelUnavailable       no model, a file missing, a runtime not installed
│   │   └── DigestMismatch     a file is not the one its manifest names
│   ├── InferenceFailed        the runtime raised or answered with something that is not a score
│   │   └── Unparsable         a guard model wrote something that is none of its published answers
│   ├── Overloaded             the queue is full
│   └── DeadlineExceeded       no answer in time
├── UpstreamError              the LLM behind us failed; carries its status
│   └── UpstreamUnavailable    it failed again and again, and is not asked for a while
├── StoreError                 the store that replicas share does not answer, or answers nonsense
└── Blocked                    a verdict says no; carries it

An exception means "not judged", never "passed".
"""

from __future__ import annotations


class HeadgateError(Exception):
    """The root: catch this to catch everything that Headgate raises on purpose."""


class ConfigError(HeadgateError):
    """A setting, file or flag is wrong; the message names it and says what to write instead."""


class ExportRefused(HeadgateError):
    """An exported graph or engine is not the model that it came from, so nothing was written."""


class InputError(HeadgateError):
    """A request or row cannot be read; `param` names the field in the caller's own words."""

    def __init__(self, message: str, *, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param


class UnknownModel(InputError):
    """No route leads from the model that was asked for to an upstream; the message lists those that do."""


class NotJudged(HeadgateError):
    """A part could not be judged; `reason` is a short stable word for records and metrics."""

    reason = "error"


class ModelUnavailable(NotJudged):
    """The model or its runtime is not there."""

    reason = "model_unavailable"


class DigestMismatch(ModelUnavailable):
    """A model file differs from the sha256 in its manifest."""

    reason = "digest_mismatch"


class InferenceFailed(NotJudged):
    """The runtime failed, or returned something that is not a finite score."""

    reason = "inference_failed"


class Unparsable(InferenceFailed):
    """A guard model's reply is none of the forms that it was trained to give."""

    reason = "unparsable"


class Overloaded(NotJudged):
    """Too many parts wait to be judged; try again later."""

    reason = "overloaded"


class DeadlineExceeded(NotJudged):
    """The judgement did not come in time."""

    reason = "deadline"


class UpstreamError(HeadgateError):
    """The LLM behind the guard failed; `status` is its HTTP status, or None where there was no answer."""

    def __init__(self, message: str, *, status: int | None = None, body: bytes | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = body


class UpstreamUnavailable(UpstreamError):
    """The LLM behind the guard failed again and again; it will be asked again in `seconds`."""

    def __init__(self, message: str, *, seconds: float) -> None:
        super().__init__(message, status=503)
        self.seconds = seconds


class StoreError(HeadgateError):
    """The shared store did not do its part; whoever asked goes on without it and says so."""
