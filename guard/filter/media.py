"""Images of a row's own columns as a chat model is sent them: beside the words that they came with."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any, Final

from ...models.content import Image, Part
from ...models.errors import InputError

_MAGIC: Final = {b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpeg", b"GIF8": "gif"}
_SENT: Final = ("https://", "http://", "data:image/")


def with_images(messages: Sequence[dict[str, Any]], shown: Sequence[Part]) -> list[dict[str, Any]]:
    """The messages, the last of the user's with the images; InputError where one cannot be sent, or there is none."""
    images = [{"type": "image_url", "image_url": {"url": _url(part)}} for part in shown]
    last = max((index for index, one in enumerate(messages) if one.get("role") == "user"), default=None)
    if last is None:
        raise InputError("media: there is no question to send them with")
    content = messages[last].get("content")
    said = [{"type": "text", "text": content}] if isinstance(content, str) else list(content or ())
    return [*messages[:last], {**messages[last], "content": [*said, *images]}, *messages[last + 1 :]]


def _url(part: Part) -> str:
    if not isinstance(part, Image):
        raise InputError(f"media: {part.path} is no image, and only those are sent", param=part.path)
    if part.data:
        return f"data:image/{_kind(part)};base64,{base64.b64encode(part.data).decode()}"
    if not part.url.startswith(_SENT):
        # A row may name any file of this machine.
        raise InputError(f"media: {part.path} is a path, and only bytes and URLs are sent", param=part.path)
    return part.url


def _kind(image: Image) -> str:
    if image.data[:4] == b"RIFF" and image.data[8:12] == b"WEBP":
        return "webp"
    kind = next((name for magic, name in _MAGIC.items() if image.data.startswith(magic)), "")
    if not kind:
        raise InputError(f"media: {image.path} is no PNG, JPEG, GIF or WebP", param=image.path)
    return kind
