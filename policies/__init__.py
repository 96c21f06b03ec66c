"""What do we think of it? Policies, their checks, and the pure decision."""

from typing import TYPE_CHECKING, Final

from ..models.late import late, late_functions

if TYPE_CHECKING:
    from .cases import CaseResult, Judge, run_cases
    from .compile import compile_policy, load_policy, parse_policy, resolve_thresholds
    from .compiled import (
        Block,
        Case,
        CompiledPolicy,
        Conversation,
        Guideline,
        Regenerate,
        Sampling,
        Scores,
        Service,
        Stream,
    )
    from .context import Context
    from .decide import Decision, Judged, decide
    from .diagnostics import Diagnostic, PolicyError, render, render_all
    from .load import packs
    from .merge import effective, merge
    from .print_effective import changes, print_effective
    from .sarif import sarif
    from .schema import json_schema
    from .show import show
    from .thresholds import FalseAlarmTable, Thresholds, table_of, tightened
    from .validate import validate
    from .verdict import DELIVERS, Action, Coverage, Finding, Missed, Round, Verdict

__all__ = [
    "DELIVERS",
    "Action",
    "Block",
    "Case",
    "CaseResult",
    "CompiledPolicy",
    "Context",
    "Conversation",
    "Coverage",
    "Decision",
    "Diagnostic",
    "FalseAlarmTable",
    "Finding",
    "Guideline",
    "Judge",
    "Judged",
    "Missed",
    "PolicyError",
    "Regenerate",
    "Round",
    "Sampling",
    "Scores",
    "Service",
    "Stream",
    "Thresholds",
    "Verdict",
    "changes",
    "compile_policy",
    "decide",
    "effective",
    "json_schema",
    "load_policy",
    "merge",
    "packs",
    "parse_policy",
    "print_effective",
    "render",
    "render_all",
    "resolve_thresholds",
    "run_cases",
    "sarif",
    "show",
    "table_of",
    "tightened",
    "validate",
]

_HOMES: Final = {
    "cases": "CaseResult Judge run_cases",
    "compile": "compile_policy load_policy parse_policy resolve_thresholds",
    "compiled": "Block Case CompiledPolicy Conversation Guideline Regenerate Sampling Scores Service Stream",
    "context": "Context",
    "decide": "Decision Judged",
    "diagnostics": "Diagnostic PolicyError render render_all",
    "load": "packs",
    "merge": "effective",
    "print_effective": "changes",
    "schema": "json_schema",
    "thresholds": "FalseAlarmTable Thresholds table_of tightened",
    "verdict": "DELIVERS Action Coverage Finding Missed Round Verdict",
}

# Whoever needs the verdict alone is spared the rest.
__getattr__ = late(__name__, {name: home for home, names in _HOMES.items() for name in names.split()})
late_functions(__name__, ("decide", "merge", "print_effective", "sarif", "show", "validate"))
