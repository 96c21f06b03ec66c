from headgate.models.guards.falconsai_nsfw import GUARD

from .replies import PICTURE, PROMPT, found


def test_nsfw_is_sexual_content_and_nothing_else_was_looked_for():
    judged = GUARD.read(PICTURE, {"normal": 0.1, "nsfw": 0.9})
    assert found(judged) == {"sexual_content": 0.9}
    assert judged.categories["violence"] is None


def test_it_reads_images_alone():
    assert GUARD.aside(PROMPT) is not None
    assert GUARD.card.kinds == ("image",)
