"""A rewritten prompt takes the place of the last user message and of nothing else."""

from __future__ import annotations

from headgate.guard.reword import reworded

USER = {"role": "user", "content": "Old."}
SYSTEM = {"role": "system", "content": "Be kind."}
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,"}}


def test_only_the_last_user_message_changes() -> None:
    messages = [SYSTEM, USER, {"role": "assistant", "content": "Yes."}, USER]
    assert reworded(messages, "New.") == [*messages[:3], {"role": "user", "content": "New."}]


def test_images_stay_and_texts_are_one() -> None:
    content = [{"type": "text", "text": "Old."}, IMAGE, {"type": "text", "text": "More."}]
    (found,) = reworded([{"role": "user", "content": content}], "New.")
    assert found["content"] == [{"type": "text", "text": "New."}, IMAGE]


def test_without_a_user_message_it_becomes_one() -> None:
    assert reworded([SYSTEM], "New.") == [SYSTEM, {"role": "user", "content": "New."}]
