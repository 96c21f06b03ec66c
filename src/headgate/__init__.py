"""Headgate: safety moderation and guardrails ahead of any chat model.

`Guard(policy).check(text)` judges; `@protect` guards a function; `headgate serve` guards an API.
"""

from typing import TYPE_CHECKING

from .models.late import late

if TYPE_CHECKING:
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

# A command that judges nothing starts without the guard.
__getattr__ = late(
    __name__,
    {
        "Action": "policies.verdict",
        "Blocked": "guard.failure",
        "ConfigError": "models.errors",
        "Coverage": "policies.verdict",
        "Finding": "policies.verdict",
        "Guard": "guard.guard",
        "HeadgateError": "models.errors",
        "InputError": "models.errors",
        "ModelUnavailable": "models.errors",
        "NotJudged": "models.errors",
        "Policy": "policies.compiled:CompiledPolicy",
        "PolicyError": "policies.diagnostics",
        "Severity": "models.assessment",
        "UpstreamError": "models.errors",
        "Verdict": "policies.verdict",
        "load_policy": "policies.compile",
        "protect": "guard.decorator",
    },
)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
