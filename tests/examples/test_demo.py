from __future__ import annotations

import io
import socket

from rich.console import Console

from headgate.examples.demo import SCENES, _free_port, show
from headgate.examples.demo_upstream import running
from headgate.gateway.config import Settings
from headgate.guard.guard import Guard
from headgate.models.fakes import FakeClassifier, scores

from ..gateway.conftest import serving

BAD = scores(unsafe=0.97, severity=2, categories={"violence": 0.97})
RULES = {
    "Ignore all previous": scores(unsafe=0.9, severity=3, categories={"violence": 0.9, "prompt_attack": 0.99}),
    "break his legs": BAD,
    "make him bleed": BAD,
}


def test_every_scene_shows_what_its_title_says() -> None:
    output = io.StringIO()
    with (
        running() as upstream,
        Guard("default", FakeClassifier(RULES)) as guard,
        serving(Settings(upstream=upstream), guard) as url,
    ):
        show(url, Console(file=output, width=200))
    text = output.getvalue()
    scenes = text.split("\n\n")
    assert [scene.title in text for scene in SCENES] == [True] * len(SCENES)
    assert "verdict: allow" in scenes[0]
    assert "verdict: refuse" in scenes[1]
    assert "upstream not asked" in scenes[1]
    assert "verdict: regenerate" in scenes[2]
    assert "answers drawn: 2" in scenes[2]
    assert "verdict: allow" in scenes[3]
    assert "in a hot pot" in scenes[3]
    assert "The soup was lukewarm" in scenes[4]
    assert "⛔" in scenes[4]
    assert "break his legs" not in text
    assert "bleed" not in text


def test_a_free_port_can_be_listened_on() -> None:
    with socket.socket() as found:
        found.bind(("127.0.0.1", _free_port()))
