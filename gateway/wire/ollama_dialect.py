"""Ollama's own chat API as a dialect."""

from __future__ import annotations

from typing import Final

from .dialect import Dialect, Request
from .ollama_answer import Answer, fresh, read_line, read_whole, usage_of
from .ollama_frames import SILENT, ChatLines, ollama_blocked, ollama_failure, whole_chat
from .ollama_lines import LineParser
from .ollama_request import parse_ollama
from .ollama_upstream import clamped_ollama, ollama_body

OLLAMA: Final = Dialect[Request, Answer](
    name="ollama",
    path="/api/chat",
    content_type=b"application/x-ndjson",
    streams_as="application/x-ndjson",
    keep_alive=SILENT,
    parse=parse_ollama,
    clamped=clamped_ollama,
    body=ollama_body,
    answer=fresh,
    splitter=LineParser,
    read=read_whole,
    read_event=read_line,
    usage=usage_of,
    frames=ChatLines,
    whole=whole_chat,
    blocked=ollama_blocked,
    failure=ollama_failure,
)
