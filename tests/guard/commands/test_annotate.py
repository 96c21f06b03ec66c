import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pictures
from PIL import ImageDraw, ImageFont

from headgate.guard.commands.annotate import draw, read_of
from headgate.models.assessment import Severity
from headgate.models.content import Image, Text
from headgate.models.errors import InputError
from headgate.models.vision.ocr import Seen, Written
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


def test_what_was_read_is_listed_by_its_number_and_the_rest_is_counted() -> None:
    box = np.zeros((4, 2), np.float32)
    lines = tuple(Written(text=f"row {row}", sure=0.9, box=box, row=row) for row in range(14))
    said = [line.text for line in read_of(Seen(lines=lines, way="half_turn"))]
    assert said[:2] == ["text lies half turn", "1  row 0  (0.90)"]
    assert said[-1] == "and 2 lines more"
    assert read_of(Seen()) == []


def test_what_cannot_be_drawn_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no image or video"):
        draw([Text(text="hi")], VERDICT, tmp_path / "out.png")
    with pytest.raises(InputError, match="unsupported_format"):
        draw([Image(data=b"nothing")], VERDICT, tmp_path / "out.png")
    with pytest.raises(InputError, match="cannot write"):
        draw([Image(data=poster())], VERDICT, tmp_path / "no" / "out.png")
