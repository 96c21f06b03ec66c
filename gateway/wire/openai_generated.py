"""What image and video generations have in common: a prompt in, and pictures or films by their data or URL out."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from ...models.content import Image, Part, Purpose, Role, Text, Video
from ...models.errors import InputError, UpstreamError

_KINDS: Final[Mapping[Purpose, type[Image] | type[Video]]] = {"t2i": Image, "t2v": Video}
_WHAT: Final[Mapping[Purpose, str]] = {"t2i": "image", "t2v": "video"}


class Made(msgspec.Struct, omit_defaults=True):
    """One picture or film of an answer, and the prompt that it was really made from."""

    b64_json: str | None = None
    url: str | None = None
    revised_prompt: str | None = None


class Generated(msgspec.Struct, frozen=True, kw_only=True):
    """What upstream made, or the job that makes it: the body for the caller, and its parts."""

    body: bytes
    parts: tuple[Part, ...]
    usage: dict[str, Any] | None = None


def prompt_of(body: Mapping[str, Any], *, purpose: Purpose) -> Text:
    """The prompt of a request; InputError where there is none."""
    prompt = body.get("prompt")
    if not isinstance(prompt, str) or not prompt:
        raise InputError(f"'prompt' must be a text that says what the {_WHAT[purpose]} shall show", param="prompt")
    return Text(text=prompt, purpose=purpose, path="prompt")


def parts_of(made: Sequence[Made], *, purpose: Purpose, prompt: str) -> tuple[Part, ...]:
    """All that was made, with the prompt as its context; UpstreamError where data is not base64."""
    found = [part for index, one in enumerate(made) for part in _parts(one, f"response.data[{index}]", purpose, prompt)]
    return tuple(found)


def _parts(made: Made, path: str, purpose: Purpose, prompt: str) -> Sequence[Part]:
    kind = _KINDS[purpose]
    parts: list[Part] = []
    if made.b64_json:
        try:
            data = base64.b64decode(made.b64_json, validate=True)
        except (binascii.Error, ValueError) as error:
            message = f"upstream's answer holds {_WHAT[purpose]} data that is not base64"
            raise UpstreamError(message, status=502) from error
        parts.append(kind(data=data, role=Role.ASSISTANT, purpose=purpose, path=path, context=prompt))
    if made.url:
        # Nothing says that the address leads to the same data.
        where = f"{path}.url" if parts else path
        parts.append(kind(url=made.url, role=Role.ASSISTANT, purpose=purpose, path=where, context=prompt))
    if made.revised_prompt:
        path = f"{path}.revised_prompt"
        text = made.revised_prompt
        parts.append(Text(text=text, role=Role.ASSISTANT, purpose=purpose, path=path, context=prompt))
    return parts
