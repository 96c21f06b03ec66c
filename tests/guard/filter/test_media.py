from __future__ import annotations

from typing import Any

import pytest

from headgate.guard.filter.media import with_images
from headgate.models.content import Image, Part, Video
from headgate.models.errors import InputError

ASKED: list[dict[str, Any]] = [
    {"role": "system", "content": "Be kind."},
    {"role": "user", "content": "What is this?"},
    {"role": "assistant", "content": "Show me."},
]
PNG = b"\x89PNG\r\n\x1a\nrest"


def test_images_go_with_the_last_question() -> None:
    found = with_images(
        ASKED, [Image(data=PNG, path="image[0]"), Image(url="https://a.example/b.png", path="image[1]")]
    )
    assert (found[0], found[2]) == (ASKED[0], ASKED[2])
    words, first, second = found[1]["content"]
    assert words == {"type": "text", "text": "What is this?"}
    assert first["image_url"]["url"].startswith("data:image/png;base64,iVBORw0KGgpyZXN0")
    assert second["image_url"]["url"] == "https://a.example/b.png"
    assert ASKED[1]["content"] == "What is this?"
    more = with_images(found, [Image(data=PNG, path="image")])
    assert [one["type"] for one in more[1]["content"]] == ["text", *["image_url"] * 3]


@pytest.mark.parametrize(
    ("data", "kind"), [(b"\xff\xd8\xff\xe0", "jpeg"), (b"GIF89a", "gif"), (b"RIFF0000WEBPVP8 ", "webp")]
)
def test_an_image_is_called_what_its_bytes_say(data: bytes, kind: str) -> None:
    (_, found) = with_images(ASKED[1:2], [Image(data=data, path="image")])[0]["content"]
    assert found["image_url"]["url"].startswith(f"data:image/{kind};base64,")


@pytest.mark.parametrize(
    ("messages", "part", "said"),
    [
        (ASKED, Video(data=b"0", path="video"), "video is no image"),
        (ASKED, Image(url="/etc/hostname", path="image"), "image is a path"),
        (ASKED, Image(data=b"II*0", path="image[3]"), r"image\[3\] is no PNG"),
        (ASKED[:1], Image(data=PNG, path="image"), "no question"),
    ],
)
def test_what_cannot_be_sent_is_said(messages: list[dict[str, Any]], part: Part, said: str) -> None:
    with pytest.raises(InputError, match=f"^media: .*{said}"):
        with_images(messages, [part])
