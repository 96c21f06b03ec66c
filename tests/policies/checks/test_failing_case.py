from __future__ import annotations

from headgate.policies.checks.failing_case import check_cases
from headgate.policies.compile import parse_policy
from headgate.policies.load import source_of_text


def test_a_case_that_fails_is_reported_where_it_says_what_it_expects() -> None:
    text = (
        "version: 1\ncases:\n  - {scores: {unsafe: 0.9, severity: severe}, expect: refuse}\n"
        "  - {scores: {unsafe: 0.1}, expect: refuse, note: too strict}\n  - {prompt: Hm., expect: refuse}\n"
    )
    (fault,) = check_cases(source_of_text(text, file="p.yaml"), parse_policy(text, file="p.yaml"))
    assert (fault.line, fault.column, fault.code, fault.hint) == (4, 37, "failing-case", "too strict")
    assert fault.message == "the case expects refuse, and the policy says allow"
