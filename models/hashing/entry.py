"""A list of known pictures or videos, as a configuration names it; light enough to be imported with the settings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

THRESHOLD: Final = 31
"""Bits by which two PDQ hashes of one picture may differ at most."""


class HashListEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A list of known pictures or videos, and what a match means."""

    file: Annotated[str, Meta(description="PDQ hashes: one a line, CSV, vPDQ's lines, or an exchange's JSON.")]
    category: Annotated[str, Meta(description="The category that a match is put down to.")]
    severity: Annotated[Literal["minor", "moderate", "severe"], Meta(description="How severe a match is.")] = "severe"
    kind: Annotated[
        Literal["picture", "video"],
        Meta(description="picture: one frame of a match is enough; video: most frames must match (vPDQ)."),
    ] = "picture"
    name: Annotated[str, Meta(description="What it is called in verdicts; the file's name where left out.")] = ""
    distance: Annotated[int, Meta(ge=0, le=THRESHOLD, description="Bits by which a match may differ.")] = THRESHOLD

    @property
    def label(self) -> str:
        """What it is called."""
        return self.name or Path(self.file).stem
