"""An image generation request, and the images that come back: the prompt is judged as one for images."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from ...models.errors import InputError, UpstreamError
from .json_body import decode_object
from .openai_embeddings import DirectRequest, leftovers
from .openai_generated import Generated, Made, parts_of, prompt_of

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


class _Pictures(msgspec.Struct, omit_defaults=True):
    created: int = 0
    data: list[Made] = []
    background: str | None = None
    output_format: str | None = None
    quality: str | None = None
    size: str | None = None
    usage: dict[str, Any] | None = None


_decoder = msgspec.json.Decoder(_Pictures)


def parse_images(raw: bytes) -> DirectRequest:
    """The request in `raw`; InputError names field and remedy, also where a stream of partial images is asked for."""
    body = decode_object(raw)
    prompt = prompt_of(body, purpose="t2i")
    if body.get("stream"):
        raise InputError("images are judged whole: leave out 'stream' and 'partial_images'", param="stream")
    return DirectRequest(body=body, parts=(prompt, *leftovers(body, _NEVER_READ)), param="prompt")


def read_images(raw: bytes, *, prompt: str) -> Generated:
    """The images in `raw`, each with the prompt as its context; UpstreamError where they cannot be read.

    Fields that nobody judges are left out of the body.
    """
    try:
        found = _decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UpstreamError("upstream's answer cannot be read as images", status=502) from error
    parts = parts_of(found.data, purpose="t2i", prompt=prompt)
    return Generated(body=msgspec.json.encode(found), parts=parts, usage=found.usage)
