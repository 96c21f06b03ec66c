"""Headgate: safety moderation and guardrails ahead of any chat model.

`Guard(policy).check(text)` judges; `@protect` guards a function; `headgate serve` guards an API.
"""

from .guard.decorator import protect
from .guard.failure import Blocked
from .guard.guard import Guard
from .models.assessment import Severity
from .models.errors import (
    ConfigError,
    HeadgateError,
    InputError,
    ModelUnavailable,
    NotJudged,
    UpstreamError,
)
from .policies.compile import load_policy
from .policies.compiled import CompiledPolicy as Policy
from .policies.diagnostics import PolicyError
from .policies.verdict import Action, Coverage, Finding, Verdict

__version__ = "0.1.0"

__all__ = [
    "Action",
    "Blocked",
    "ConfigError",
    "Coverage",
    "Finding",
    "Guard",
    "HeadgateError",
    "InputError",
    "ModelUnavailable",
    "NotJudged",
    "Policy",
    "PolicyError",
    "Severity",
    "UpstreamError",
    "Verdict",
    "load_policy",
    "protect",
]
