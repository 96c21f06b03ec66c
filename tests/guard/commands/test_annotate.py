import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pictures
from PIL import ImageDraw, ImageFont

from headgate.guard.commands.annotate import draw, findings_of
from headgate.models.assessment import Severity
from headgate.models.content import Image, Text
from headgate.models.errors import InputError
from headgate.policies.verdict import Action, Coverage, Finding, Missed, Verdict

FOUND = Finding(
    category="insult", severity=Severity.MINOR, confidence=0.9, threshold=0.5, part="images[0]", rule="r",
    action=Action.REFUSE,
)  # fmt: skip
VERDICT = Verdict(
    action=Action.REFUSE,
    findings=(FOUND,),
    coverage=Coverage(unjudged=(Missed(part="images[0]", reason="no_visual_classifier", action=Action.FLAG),)),
)


def poster() -> bytes:
    picture = Pictures.new("RGB", (640, 120), "white")
    ImageDraw.Draw(picture).text((20, 30), "Bread and butter", fill="black", font=ImageFont.load_default(size=44))
    out = io.BytesIO()
    picture.save(out, format="PNG")
    return out.getvalue()


def test_boxes_and_findings_are_drawn(tmp_path: Path) -> None:
    path = tmp_path / "out.png"
    draw([Text(text="hi"), Image(data=poster(), path="images[0]")], VERDICT, path)
    with Pictures.open(path) as picture:
        values = np.asarray(picture)
    assert values.shape[1] == 640
    assert values.shape[0] > 120
    # The red of a refusal stands around the words.
    assert (values[:120] == (190, 30, 45)).all(axis=2).any()


def test_findings_and_gaps_are_said_in_words() -> None:
    assert findings_of("images[0]", VERDICT) == ["refuse: insult, minor, 0.90", "not judged: no_visual_classifier"]
    assert findings_of("images[1]", VERDICT) == []


def test_what_cannot_be_drawn_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no image or video"):
        draw([Text(text="hi")], VERDICT, tmp_path / "out.png")
    with pytest.raises(InputError, match="unsupported_format"):
        draw([Image(data=b"nothing")], VERDICT, tmp_path / "out.png")
    with pytest.raises(InputError, match="cannot write"):
        draw([Image(data=poster())], VERDICT, tmp_path / "no" / "out.png")
