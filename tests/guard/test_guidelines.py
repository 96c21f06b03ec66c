from __future__ import annotations

from headgate.guard.guidelines import GUIDELINES, guidance
from headgate.models.assessment import Severity
from headgate.models.taxonomy import SLUGS
from headgate.policies.verdict import Action, Finding


def finding(category: str, action: Action = Action.REGENERATE) -> Finding:
    return Finding(
        category=category, severity=Severity.MODERATE, confidence=0.9, threshold=0.5, part="p", rule="r", action=action
    )


def test_every_category_has_a_guideline() -> None:
    assert set(GUIDELINES) == set(SLUGS)


def test_the_note_names_each_category_once_and_the_worst_first() -> None:
    note = guidance([finding("insult"), finding("violence", Action.REFUSE), finding("insult")])
    assert note.index("Violence:") < note.index("Insulting behavior:")
    assert note.count("Insulting behavior:") == 1


def test_a_policy_s_own_text_takes_precedence() -> None:
    assert "Our own words." in guidance([finding("drugs")], own={"drugs": "Our own words."})
