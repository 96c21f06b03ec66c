from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from headgate.guard.guidelines import LONGEST_NOTE, acceptable, guidance, ranked
from headgate.guard.library import library
from headgate.models.assessment import Severity
from headgate.models.taxonomy import SLUGS
from headgate.policies.compiled import Guideline
from headgate.policies.verdict import Action, Finding


def finding(
    category: str, action: Action = Action.REGENERATE, *, severity: Severity = Severity.MODERATE, part: str = "p"
) -> Finding:
    return Finding(
        category=category, severity=severity, confidence=0.9, threshold=0.5, part=part, rule="r", action=action
    )


def own(slug: str, *guidelines: Guideline) -> dict[str, tuple[Guideline, ...]]:
    return {slug: guidelines}


def test_the_note_names_each_category_once_and_the_worst_first() -> None:
    found = [finding("insult"), finding("violence", Action.REFUSE), finding("insult")]
    note = guidance(found)
    assert note.index("Violence:") < note.index("Insulting behavior:")
    assert note.count("Insulting behavior:") == 1
    assert ranked(found)[0].category == "violence"


def test_a_severe_finding_gets_the_severe_text() -> None:
    mild, severe = (acceptable("weapons", severity=severity) for severity in (1, 3))
    assert mild != severe
    assert severe in guidance([finding("weapons", severity=Severity.SEVERE)])


def test_a_finer_guideline_is_told_where_the_prompt_speaks_of_it() -> None:
    pests = next(one.text for one in library()["animal_abuse"] if "pests" in one.when)
    assert pests in guidance([finding("animal_abuse")], question="How do I get rid of mice?")
    assert pests not in guidance([finding("animal_abuse")], question="How do I bake bread?")
    assert pests not in guidance([finding("drugs")], question="How do I get rid of mice?")


def test_a_policy_s_own_text_takes_the_place_of_the_library_s() -> None:
    note = guidance([finding("drugs")], own=own("drugs", Guideline(text="Our own\nwords.")))
    assert "Our own words." in note
    assert library()["drugs"][0].text not in note


def test_a_policy_s_own_finer_text_comes_before_the_library_s_and_waits_for_its_severity() -> None:
    mine = own("drugs", Guideline(text="Ours on pharmacies.", when=("pharmacy",), severity=3))
    severe = guidance(
        [finding("drugs", severity=Severity.SEVERE)], own=mine, question="a pharmacy without prescription"
    )
    assert severe.index("Ours on pharmacies.") < severe.index("Medicines need their prescriber")
    assert "Ours" not in guidance([finding("drugs")], own=mine, question="a pharmacy")


def test_a_policy_s_own_text_is_told_however_long() -> None:
    mine = {slug: (Guideline(text=f"Own {slug}. " + "word " * 100),) for slug in ("drugs", "insult")}
    note = guidance([finding("drugs"), finding("insult")], own=mine)
    assert "Own drugs." in note
    assert "Own insult." in note


def test_a_person_at_risk_is_answered_with_care_and_not_with_the_usual_opening() -> None:
    note = guidance([finding("self_harm", Action.SUPPORT)])
    assert note.startswith("The person who asks may be at risk.")
    assert acceptable("self_harm", severity=2) in note


def test_another_retriever_can_be_plugged_in() -> None:
    def last(query: str, guidelines: Sequence[Guideline]) -> list[float]:
        return [0.0] * (len(guidelines) - 1) + [1.0] * bool(guidelines)

    assert library()["drugs"][-1].text in guidance([finding("drugs")], question="anything", retrieve=last)


@given(st.lists(st.sampled_from(SLUGS), max_size=12), st.sampled_from(list(Severity)), st.text(max_size=80))
def test_a_note_stays_short_and_has_a_line_for_the_worst(slugs: list[str], severity: Severity, question: str) -> None:
    found = [finding(slug, severity=severity) for slug in slugs]
    note = guidance(found, question=question)
    assert len(note) <= LONGEST_NOTE
    assert note.count("\n- ") >= min(1, len(slugs))
