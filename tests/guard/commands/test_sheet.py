import io

import numpy as np
from PIL import Image as Pictures
from PIL import ImageDraw

from headgate.guard.commands.sheet import PAPER, QUIET, Said, findings_of, ink_of, page, png, write
from headgate.models.assessment import Severity
from headgate.policies.verdict import Action, Coverage, Finding, Missed, Verdict

FOUND = Finding(
    category="insult", severity=Severity.MINOR, confidence=0.9, threshold=0.5, part="images[0]", rule="r",
    action=Action.REFUSE,
)  # fmt: skip
UNSEEN = Coverage(unjudged=(Missed(part="images[0]", reason="no_visual_classifier", action=Action.FLAG),))


def test_findings_and_gaps_are_said_in_words() -> None:
    verdict = Verdict(action=Action.REFUSE, findings=(FOUND,), coverage=UNSEEN)
    assert findings_of("images[0]", verdict) == ["refuse: insult, minor, 0.90", "not judged: no_visual_classifier"]
    assert findings_of("images[1]", verdict) == []


def test_the_colour_is_that_of_the_strongest_action_and_a_gap_has_one_too() -> None:
    refused = ink_of("images[0]", Verdict(action=Action.REFUSE, findings=(FOUND,), coverage=UNSEEN))
    flagged = ink_of("images[0]", Verdict(action=Action.FLAG, coverage=UNSEEN))
    passed = ink_of("images[0]", Verdict(action=Action.ALLOW))
    assert len({refused, flagged, passed}) == 3


def test_words_stand_beneath_one_another_on_paper() -> None:
    sheet = page(200, 60)
    write(ImageDraw.Draw(sheet), [Said("one", QUIET), Said("two", QUIET)], top=10)
    with Pictures.open(io.BytesIO(png(sheet))) as picture:
        inked = (np.asarray(picture) != PAPER).any(axis=(1, 2))
    assert inked[10:30].any()
    assert inked[30:50].any()
    assert not inked[:10].any()
