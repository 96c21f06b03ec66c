"""An image generation request, and the images that come back: the prompt is judged as one for images."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from ...models.content import Image, Part, Role, Text
from ...models.errors import InputError, UpstreamError
from .json_body import decode_object
from .openai_embeddings import DirectRequest, leftovers

_NEVER_READ: Final = frozenset(
    [
        "background",
        "complexity",
        "frame_count",
        "frame_duration_ms",
        "model",
        "moderation",
        "n",
        "output_compression",
        "output_format",
        "partial_images",
        "prompt",
        "quality",
        "response_format",
        "safety_identifier",
        "size",
        "stream",
        "style",
        "user",
    ]
)


class _Picture(msgspec.Struct, omit_defaults=True):
    b64_json: str | None = None
    url: str | None = None
    revised_prompt: str | None = None


class _Pictures(msgspec.Struct, omit_defaults=True):
    created: int = 0
    data: list[_Picture] = []
    background: str | None = None
    output_format: str | None = None
    quality: str | None = None
    size: str | None = None
    usage: dict[str, Any] | None = None


class Pictures(msgspec.Struct, frozen=True, kw_only=True):
    """Images that upstream made: the body for the caller, and its parts."""

    body: bytes
    parts: tuple[Part, ...]
    usage: dict[str, Any] | None = None


_decoder = msgspec.json.Decoder(_Pictures)


def parse_images(raw: bytes) -> DirectRequest:
    """The request in `raw`; InputError names field and remedy, also where a stream of partial images is asked for."""
    body = decode_object(raw)
    prompt = body.get("prompt")
    if not isinstance(prompt, str) or not prompt:
        raise InputError("'prompt' must be a text that says what the image shall show", param="prompt")
    if body.get("stream"):
        raise InputError("images are judged whole: leave out 'stream' and 'partial_images'", param="stream")
    parts = (Text(text=prompt, purpose="t2i", path="prompt"), *leftovers(body, _NEVER_READ))
    return DirectRequest(body=body, parts=parts, param="prompt")


def read_images(raw: bytes, *, prompt: str) -> Pictures:
    """The images in `raw`, each with the prompt as its context; UpstreamError where they cannot be read.

    Fields that nobody judges are left out of the body.
    """
    try:
        found = _decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UpstreamError("upstream's answer cannot be read as images", status=502) from error
    parts = [part for index, one in enumerate(found.data) for part in _parts(one, f"response.data[{index}]", prompt)]
    return Pictures(body=msgspec.json.encode(found), parts=tuple(parts), usage=found.usage)


def _parts(picture: _Picture, path: str, prompt: str) -> Sequence[Part]:
    parts: list[Part] = []
    if picture.b64_json:
        try:
            data = base64.b64decode(picture.b64_json, validate=True)
        except (binascii.Error, ValueError) as error:
            raise UpstreamError("upstream's answer holds an image that is not base64", status=502) from error
        parts.append(Image(data=data, role=Role.ASSISTANT, purpose="t2i", path=path, context=prompt))
    elif picture.url:
        parts.append(Image(url=picture.url, role=Role.ASSISTANT, purpose="t2i", path=path, context=prompt))
    if picture.revised_prompt:
        path = f"{path}.revised_prompt"
        parts.append(Text(text=picture.revised_prompt, role=Role.ASSISTANT, purpose="t2i", path=path, context=prompt))
    return parts
