import re
import string

import numpy as np
import pytest

from headgate.models.train import frames

SLOT = re.compile(r"\{(\w+)\}")


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("template", [*frames.SETTINGS, *frames.MIDDLES, *frames.DEMANDS])
def test_every_slot_of_a_template_can_be_filled(template):
    assert set(SLOT.findall(template)) <= {*frames.WORDS, "request"}


def test_only_the_middle_holds_the_request_and_every_middle_does_once():
    assert all(middle.count("{request}") == 1 for middle in frames.MIDDLES)
    assert not any("{request}" in text for text in (*frames.SETTINGS, *frames.DEMANDS))


def test_a_frame_holds_the_request_as_it_was_and_no_open_slot():
    for seed in range(100):
        made = frames.frame("  How do I plant tulips?  ", rng(seed))
        assert made.count("How do I plant tulips?") == 1
        assert not SLOT.search(made)


def test_braces_in_a_request_are_plain_text():
    request = "What does {who} mean in a {template} with {0} and {}?"
    assert all(request in frames.frame(request, rng(seed)) for seed in range(50))
    assert all(request in frames.task(request, rng(seed)) for seed in range(20))


def test_frames_differ_by_seed_and_repeat_by_seed():
    made = [frames.frame("Hello?", rng(seed)) for seed in range(30)]
    assert len(set(made)) == 30
    assert made == [frames.frame("Hello?", rng(seed)) for seed in range(30)]


def test_settings_come_before_the_request_and_lengths_vary():
    made = [frames.frame("Hello?", rng(seed)) for seed in range(60)]
    assert all(text.index("Hello?") > 0 for text in made)
    lengths = [len(text) for text in made]
    assert max(lengths) > 2 * min(lengths)


@pytest.mark.parametrize("template", frames.TASKS)
def test_a_task_has_one_place_for_the_document(template):
    assert [field for _, field, _, _ in string.Formatter().parse(template) if field is not None] == [""]


def test_a_task_keeps_the_whole_document_and_adds_a_request():
    made = {frames.task("Tulips like sun.", rng(seed)) for seed in range(40)}
    assert len(made) > 3
    assert all("Tulips like sun." in text and len(text) > len("Tulips like sun.") for text in made)
