"""What a policy says about images and videos that are only named by a URL, and about pictures that are known."""

from __future__ import annotations

from typing import Literal, TypeAlias

from .names import Strict

Fetch: TypeAlias = Literal["none", "https", "http"]


class MediaBlock(Strict, frozen=True, kw_only=True):
    """From where media may be fetched to be judged: nowhere, over https alone, or over http too.

    `hosts` are the names that are asked (`*.example.org` for all below one), any public one where empty. No address
    that is not public is ever asked. `max_bytes` and `seconds` bound one fetch with its redirects.
    """

    fetch: Fetch = "none"
    hosts: tuple[str, ...] = ()
    max_bytes: int = 20 << 20
    seconds: float = 5.0
