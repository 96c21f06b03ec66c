"""What a part is to a guard: a prompt, or an answer to one; a user's words are kept from acting as the template's."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from ..assessment import Unjudged
from ..content import Direction, Image, Part, Text, direction_of

MAX_CHARS = 200_000
"""Characters of one text; a longer one is unjudged, never cut."""

_MARKER = re.compile(
    r"<\|(?=[^\s|<>]{1,40}\|>)|<(?=/?(?:s|bos|eos|pad|unk|image|video|think|score|guardian|start_of_turn|end_of_turn"
    r"|start_of_image|image_soft_token|start_of_risk_definition|end_of_risk_definition)>)|\[(?=/?INST\])|\[(?=PAD\])",
    re.IGNORECASE,
)
_IMAGE_TYPES: Mapping[bytes, str] = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpeg", b"GIF8": "gif", b"RIFF": "webp"}


class Turns(msgspec.Struct, frozen=True, kw_only=True):
    """The prompt, and the answer where it is one that is judged; `images` are data URLs beside the prompt."""

    prompt: str
    answer: str | None = None
    images: tuple[str, ...] = ()

    @property
    def messages(self) -> tuple[dict[str, Any], ...]:
        """The same as chat messages; a text alone is a plain string."""
        content: Any = self.prompt
        if self.images:
            content = [{"type": "image_url", "image_url": {"url": url}} for url in self.images]
            content += [{"type": "text", "text": self.prompt}] if self.prompt else []
        said: tuple[dict[str, Any], ...] = ({"role": "user", "content": content},)
        return said if self.answer is None else (*said, {"role": "assistant", "content": self.answer})


def turns(part: Part) -> Turns | Unjudged:
    """The turns of a text or an image; Unjudged for what a guard cannot be shown."""
    context = inert(well_formed(part.context))
    match part:
        case Text(text=text):
            if len(text) + len(part.context) > MAX_CHARS:
                return Unjudged(reason="too_long", detail=f"more than {MAX_CHARS} characters")
            words = inert(well_formed(text))
            if direction_of(part.role) is Direction.OUTPUT:
                return Turns(prompt=context, answer=words)
            return Turns(prompt=words)
        case Image(data=data, url=url):
            if not data and not url.startswith("data:image/"):
                # A server that fetches what a caller names is a door into its network.
                return Unjudged(reason="not_fetched", detail="an image by its address that nobody has fetched")
            return Turns(prompt=context, images=(url if not data else _data_url(data),))
    return Unjudged(reason="unsupported_kind", detail="a guard model reads texts and images")


def inert(text: str) -> str:
    """The text with every marker of a chat template broken by a space, so that no server takes it for a turn."""
    return _MARKER.sub(lambda match: f"{match[0]} ", text)


def well_formed(text: str) -> str:
    """The text without halves of surrogate pairs, which JSON can carry and no tokenizer reads."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _data_url(data: bytes) -> str:
    kind = next((name for magic, name in _IMAGE_TYPES.items() if data.startswith(magic)), "png")
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
