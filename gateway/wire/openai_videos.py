"""A video generation request, and the videos that come back: the prompt is judged as one for videos.

A job that is still under way holds no content: it passes with its state alone. A finished video is judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from ...models.content import Image, Part
from ...models.errors import InputError, UpstreamError
from .json_body import decode_object
from .openai_embeddings import DirectRequest, leftovers
from .openai_generated import Generated, Made, parts_of, prompt_of

_NEVER_READ: Final = frozenset(
    [
        "duration",
        "fps",
        "guidance_scale",
        "height",
        "input_reference",
        "model",
        "n",
        "num_frames",
        "num_inference_steps",
        "prompt",
        "quality",
        "response_format",
        "seconds",
        "seed",
        "size",
        "user",
        "width",
    ]
)


class _Job(msgspec.Struct, omit_defaults=True):
    id: str | None = None
    object: str | None = None
    created: int | None = None
    created_at: int | None = None
    completed_at: int | None = None
    expires_at: int | None = None
    model: str | None = None
    progress: float | None = None
    quality: str | None = None
    seconds: str | float | None = None
    size: str | None = None
    status: str | None = None
    data: list[Made] | None = None
    usage: dict[str, Any] | None = None


_decoder = msgspec.json.Decoder(_Job)


def parse_videos(raw: bytes) -> DirectRequest:
    """The request in `raw`, with the picture that it starts from; InputError names field and remedy."""
    body = decode_object(raw)
    prompt = prompt_of(body, purpose="t2v")
    parts = (prompt, *_reference(body.get("input_reference"), prompt.text), *leftovers(body, _NEVER_READ))
    return DirectRequest(body=body, parts=parts, param="prompt")


def read_videos(raw: bytes, *, prompt: str) -> Generated:
    """The videos in `raw`, each with the prompt as its context; UpstreamError where they cannot be read.

    Fields that nobody judges are left out of the body.
    """
    try:
        found = _decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UpstreamError("upstream's answer cannot be read as a video job", status=502) from error
    parts = parts_of(found.data or (), purpose="t2v", prompt=prompt)
    return Generated(body=msgspec.json.encode(found), parts=parts, usage=found.usage)


def _reference(value: object, prompt: str) -> Sequence[Part]:
    if value is None:
        return ()
    url = value.get("image_url", value.get("url")) if isinstance(value, dict) else value
    if not isinstance(url, str) or not url.startswith(("https://", "http://", "data:")):
        message = "'input_reference' must be a URL that starts with https://, http:// or data:"
        raise InputError(message, param="input_reference")
    return (Image(url=url, purpose="t2v", path="input_reference", context=prompt),)
