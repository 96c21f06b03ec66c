"""A video generation request, and the videos that come back: the prompt is judged as one for videos.

A job that is still under way holds no content: it passes with its state alone. A finished video is judged.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from ...models.content import Image, Part, Role, Text, Video
from ...models.errors import InputError, UpstreamError
from .json_body import decode_object
from .openai_embeddings import DirectRequest, leftovers

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


class _Film(msgspec.Struct, omit_defaults=True):
    b64_json: str | None = None
    url: str | None = None
    revised_prompt: str | None = None


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
    data: list[_Film] | None = None
    usage: dict[str, Any] | None = None


class Videos(msgspec.Struct, frozen=True, kw_only=True):
    """Videos that upstream made, or the job that makes them: the body for the caller, and its parts."""

    body: bytes
    parts: tuple[Part, ...]
    usage: dict[str, Any] | None = None


_decoder = msgspec.json.Decoder(_Job)


def parse_videos(raw: bytes) -> DirectRequest:
    """The request in `raw`, with the picture that it starts from; InputError names field and remedy."""
    body = decode_object(raw)
    prompt = body.get("prompt")
    if not isinstance(prompt, str) or not prompt:
        raise InputError("'prompt' must be a text that says what the video shall show", param="prompt")
    parts = (
        Text(text=prompt, purpose="t2v", path="prompt"),
        *_reference(body.get("input_reference"), prompt),
        *leftovers(body, _NEVER_READ),
    )
    return DirectRequest(body=body, parts=parts, param="prompt")


def read_videos(raw: bytes, *, prompt: str) -> Videos:
    """The videos in `raw`, each with the prompt as its context; UpstreamError where they cannot be read.

    Fields that nobody judges are left out of the body.
    """
    try:
        found = _decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UpstreamError("upstream's answer cannot be read as a video job", status=502) from error
    films = found.data or []
    parts = [part for index, one in enumerate(films) for part in _parts(one, f"response.data[{index}]", prompt)]
    return Videos(body=msgspec.json.encode(found), parts=tuple(parts), usage=found.usage)


def _reference(value: object, prompt: str) -> Sequence[Part]:
    if value is None:
        return ()
    url = value.get("image_url", value.get("url")) if isinstance(value, dict) else value
    if not isinstance(url, str) or not url.startswith(("https://", "http://", "data:")):
        message = "'input_reference' must be a URL that starts with https://, http:// or data:"
        raise InputError(message, param="input_reference")
    return (Image(url=url, purpose="t2v", path="input_reference", context=prompt),)


def _parts(film: _Film, path: str, prompt: str) -> Sequence[Part]:
    parts: list[Part] = []
    if film.b64_json:
        try:
            data = base64.b64decode(film.b64_json, validate=True)
        except (binascii.Error, ValueError) as error:
            raise UpstreamError("upstream's answer holds a video that is not base64", status=502) from error
        parts.append(Video(data=data, role=Role.ASSISTANT, purpose="t2v", path=path, context=prompt))
    elif film.url:
        parts.append(Video(url=film.url, role=Role.ASSISTANT, purpose="t2v", path=path, context=prompt))
    if film.revised_prompt:
        path = f"{path}.revised_prompt"
        parts.append(Text(text=film.revised_prompt, role=Role.ASSISTANT, purpose="t2v", path=path, context=prompt))
    return parts
