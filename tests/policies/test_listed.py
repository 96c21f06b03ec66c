from __future__ import annotations

from headgate.policies.listed import When


def test_circumstances_speak_of_findings_where_they_name_a_category_or_a_severity() -> None:
    assert When(category=("drugs",)).of_findings
    assert When(severity=2).of_findings
    assert not When(tool=("shell",), kind=("text",), strikes=3).of_findings
