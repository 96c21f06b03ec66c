"""The bytes of a data URL (RFC 2397), base64 or percent-encoded, within a bound."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import unquote_to_bytes

from ..assessment import Unjudged


def is_data(url: str) -> bool:
    """Whether the URL holds its content itself."""
    return url[:5].lower() == "data:"


def decoded(url: str, *, limit: int) -> bytes | Unjudged:
    """The content; Unjudged where it is malformed or longer than `limit` bytes."""
    head, comma, body = url.partition(",")
    if not comma or not is_data(head):
        return Unjudged(reason="not_decodable", detail="a data URL is data:image/png;base64,…")
    if len(body) > 4 * limit:  # percent-encoding takes three characters for a byte, base64 four for three
        return Unjudged(reason="too_large", detail=f"more than {limit} bytes")
    data = _base64(body) if head.lower().rstrip().endswith(";base64") else unquote_to_bytes(body)
    if data is None:
        return Unjudged(reason="not_decodable", detail="the data URL is not base64")
    if len(data) > limit:
        return Unjudged(reason="too_large", detail=f"more than {limit} bytes")
    return data


def _base64(body: str) -> bytes | None:
    compact = "".join(unquote_to_bytes(body).decode("ascii", "replace").split()) if "%" in body else body
    compact = compact.replace("-", "+").replace("_", "/")
    compact = "".join(compact.split()).rstrip("=")
    try:
        return base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
