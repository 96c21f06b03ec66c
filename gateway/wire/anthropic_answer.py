"""Upstream's Anthropic answer, whole or as events: what is to be judged of it, and what is kept for the caller.

All text blocks are one text to the judge, and all thinking another, so that no harm hides between two blocks.
A citation and whatever else a block holds (a call's input, a search result) is a text of its own.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from ...guard.effects import Channel, ChannelKind, Delta
from ...models.errors import UpstreamError
from .anthropic_blocks import SEALED, readable

CONTENT: Final = Channel()
THINKING: Final = Channel(0, "reasoning")
REFUSAL: Final = Channel(0, "refusal")
# A tool's name is not judged, so it must not be able to say anything; nor must an id.
_NAME: Final = re.compile(r"[\w.:/-]{0,128}", re.ASCII)
_MOST_BLOCKS: Final = 4096
_STATUS: Final = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "timeout_error": 504,
    "overloaded_error": 529,
}


class Run(msgspec.Struct, frozen=True):
    """A stretch of a text, and the block that it stands in."""

    block: int
    text: str


class Citation(msgspec.Struct, frozen=True):
    """A citation in a text block; its language travels on a channel of its own, `length` characters of it."""

    value: dict[str, Any]
    channel: Channel
    length: int


class Block(msgspec.Struct, kw_only=True):
    """A content block: its fields but for its text, which travels on `channel`, `length` characters so far.

    `channel` is None where there is nothing to judge in it. `arguments` are pieces of JSON until the block is closed.
    """

    fields: dict[str, Any]
    channel: Channel | None
    length: int = 0
    closed: bool = False
    signature: str | None = None
    citations: list[Citation] = []
    arguments: list[str] = []

    @property
    def kind(self) -> str:
        """The block's type."""
        return str(self.fields["type"])


class Answer(msgspec.Struct, kw_only=True):
    """One round's answer: its head, blocks in their order, texts by channel, and how it ended.

    `asked` and `said` are the characters of the request's body and of the answer so far; `counted` says that `usage` is
    that of the end and not of the beginning.
    """

    head: dict[str, Any] = {}
    blocks: dict[int, Block] = {}
    runs: dict[Channel, list[Run]] = {}
    usage: dict[str, Any] = {}
    counted: bool = False
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: dict[str, Any] | None = None
    over: bool = False
    asked: int = 0
    said: int = 0

    @property
    def ended(self) -> bool:
        """Whether upstream said how it ended."""
        return self.stop_reason is not None

    @property
    def tokens(self) -> int | None:
        """What upstream says the answer took to make."""
        return _count(self.usage, "output_tokens") if self.counted else None

    @property
    def prompt_tokens(self) -> int | None:
        """What upstream says the request was, what it read from its cache included."""
        names = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
        found = [count for name in names if (count := _count(self.usage, name)) is not None]
        return sum(found) if found else None

    def text(self, channel: Channel) -> str:
        """A text as far as it has come."""
        return "".join(run.text for run in self.runs.get(channel, ()))


class _Piece(msgspec.Struct):
    type: str = ""
    text: str | None = None
    thinking: str | None = None
    partial_json: str | None = None
    signature: str | None = None
    citation: dict[str, Any] | None = None
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: dict[str, Any] | None = None


class _Message(msgspec.Struct):
    id: str = ""
    model: str = ""
    content: list[dict[str, Any]] = []
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: dict[str, Any] | None = None
    usage: dict[str, Any] | None = None


class _Event(msgspec.Struct):
    type: str = ""
    index: int = 0
    message: _Message | None = None
    content_block: dict[str, Any] | None = None
    delta: _Piece | None = None
    usage: dict[str, Any] | None = None
    error: Any = None


class _Whole(_Message):
    type: str = ""
    error: Any = None


_events = msgspec.json.Decoder(_Event)
_wholes = msgspec.json.Decoder(_Whole)


def fresh(asked: int) -> Answer:
    """An answer of which nothing has come; `asked` is the size of the request's body."""
    return Answer(blocks={}, runs={}, asked=asked)


def read_message(raw: bytes, answer: Answer) -> list[Delta]:
    """Take up a whole answer; raises UpstreamError where it is not one."""
    message = _decode(_wholes, raw)
    if message.type == "error" or message.error is not None:
        raise _failed(message.error, raw)
    if message.type != "message" or message.stop_reason is None:
        raise UpstreamError("upstream's answer is not a message", status=502)
    deltas: list[Delta] = []
    for index, block in enumerate(message.content):
        deltas += _open(answer, index, block)
        deltas += _close(answer, index)
    _head(answer, message)
    answer.counted = message.usage is not None
    answer.over = True
    return _said(answer, deltas + _stopped(answer, message))


def read_event(raw: bytes, answer: Answer) -> list[Delta]:
    """Take up one event of a stream; raises UpstreamError where it is none. Events that say nothing are passed over."""
    event = _decode(_events, raw)
    match event.type:
        case "content_block_delta" if event.delta is not None:
            return _said(answer, _grow(answer, event.index, event.delta))
        case "content_block_start" if event.content_block is not None:
            return _said(answer, _open(answer, event.index, event.content_block))
        case "content_block_stop":
            return _said(answer, _close(answer, event.index))
        case "message_start" if event.message is not None:
            _head(answer, event.message)
        case "message_delta" if event.delta is not None:
            if event.usage is not None:
                _count_up(answer, event.usage)
                answer.counted = True
            return _said(answer, _stopped(answer, event.delta))
        case "message_stop":
            answer.over = True
        case "error":
            raise _failed(event.error, raw)
    return []


def _decode(decoder: msgspec.json.Decoder[Any], raw: bytes) -> Any:
    try:
        return decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UpstreamError("upstream's answer cannot be read as a message", status=502) from error


def _failed(error: Any, raw: bytes) -> UpstreamError:
    kind = error.get("type") if isinstance(error, dict) else None
    return UpstreamError("upstream answered with an error", status=_STATUS.get(str(kind), 502), body=raw)


def _head(answer: Answer, message: _Message) -> None:
    answer.head = {"id": message.id, "model": message.model}
    if message.usage is not None:
        _count_up(answer, message.usage)


def _count_up(answer: Answer, usage: dict[str, Any]) -> None:
    """Counts are totals, so they stand in for those before; what is not told stays."""
    answer.usage = {**answer.usage, **{key: value for key, value in usage.items() if value is not None}}


def _count(usage: dict[str, Any], key: str) -> int | None:
    found = usage.get(key)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def _open(answer: Answer, index: int, block: dict[str, Any]) -> list[Delta]:
    if index in answer.blocks or len(answer.blocks) >= _MOST_BLOCKS:
        raise UpstreamError("upstream's answer has two blocks with one index, or too many", status=502)
    kind = block.get("type")
    match kind:
        case "text":
            answer.blocks[index] = Block(fields={"type": kind}, channel=CONTENT, citations=[])
            deltas = _add(answer, index, _string(block, "text"))
            for citation in block.get("citations") or ():
                deltas += _cite(answer, index, citation)
            return deltas
        case "thinking":
            answer.blocks[index] = Block(fields={"type": kind}, channel=THINKING)
            answer.blocks[index].signature = _sealed(block.get("signature") or None)
            return _add(answer, index, _string(block, "thinking"))
        case "redacted_thinking":
            fields = {"type": kind, "data": _sealed(block.get("data"))}
            answer.blocks[index] = Block(fields=fields, channel=None)
            return []
        case "tool_use":
            fields = {key: block[key] for key in ("type", "id", "name", "caller", "toolset_name") if key in block}
            _named(fields)
            answer.blocks[index] = Block(fields=fields, channel=_next(answer, "tool_call"))
            return _add(answer, index, _input(block))
        case str():
            return _other(answer, index, block)
        case _:
            raise UpstreamError("upstream's answer has a block without a type", status=502)


def _other(answer: Answer, index: int, block: dict[str, Any]) -> list[Delta]:
    """A block of a tool that ran at upstream's, or of an unknown kind: passed on whole once its language is judged."""
    called = "input" in block and str(block["type"]).endswith("_use")
    fields = {key: value for key, value in block.items() if key != "input"} if called else block
    answer.blocks[index] = Block(fields=fields, channel=_next(answer, "tool_call"))
    if called:
        _named(fields)
        return _add(answer, index, _input(block))
    return _add(answer, index, readable(fields))


def _grow(answer: Answer, index: int, piece: _Piece) -> list[Delta]:
    block = answer.blocks.get(index)
    if block is None or block.closed:
        raise UpstreamError("upstream's answer has text outside of its blocks", status=502)
    match piece.type:
        case "text_delta" if block.kind == "text":
            return _add(answer, index, piece.text or "")
        case "thinking_delta" if block.kind == "thinking":
            return _add(answer, index, piece.thinking or "")
        case "input_json_delta" if block.kind.endswith("_use"):
            block.arguments.append(piece.partial_json or "")
            return []
        case "signature_delta" if block.kind == "thinking":
            block.signature = (block.signature or "") + (_sealed(piece.signature) or "")
            return []
        case "citations_delta" if block.kind == "text" and piece.citation is not None:
            return _cite(answer, index, piece.citation)
        case _:
            raise UpstreamError("upstream's answer grows in a way that cannot be judged", status=502)


def _close(answer: Answer, index: int) -> list[Delta]:
    block = answer.blocks.get(index)
    if block is None or block.closed:
        raise UpstreamError("upstream's answer ends a block that is not open", status=502)
    block.closed = True
    return _add(answer, index, _arguments(block)) if block.kind.endswith("_use") and not block.length else []


def _arguments(block: Block) -> str:
    """A call's input as JSON without escapes, for what is judged is what is read; as it came where it was cut short.

    A call without input is a call all the same: as a text it waits for the verdict like any other.
    """
    text = "".join(block.arguments) or "{}"
    try:
        return msgspec.json.encode(msgspec.json.decode(text)).decode()
    except (msgspec.MsgspecError, RecursionError):
        return text


def _add(answer: Answer, index: int, text: str) -> list[Delta]:
    block = answer.blocks[index]
    if not text or block.channel is None:
        return []
    block.length += len(text)
    answer.runs.setdefault(block.channel, []).append(Run(index, text))
    return [Delta(block.channel, text, str(block.fields.get("name") or ""))]


def _cite(answer: Answer, index: int, citation: Any) -> list[Delta]:
    if not isinstance(citation, dict):
        raise UpstreamError("upstream's answer has a citation that is none", status=502)
    block, text = answer.blocks[index], readable(citation)
    # The index 0 is that of thinking.
    channel = _next(answer, "reasoning")
    answer.runs[channel] = [Run(index, text)]
    block.citations.append(Citation(citation, channel, len(text)))
    return [Delta(channel, text)] if text else []


def _next(answer: Answer, kind: ChannelKind) -> Channel:
    """A channel that nothing travels on yet."""
    own = [block for block in answer.blocks.values() if block.channel is not None and block.channel.kind == kind]
    cited = sum(len(block.citations) for block in answer.blocks.values())
    return Channel(0, kind, 1 + cited if kind == "reasoning" else len(own))


def _stopped(answer: Answer, message: _Message | _Piece) -> list[Delta]:
    answer.stop_reason = message.stop_reason or answer.stop_reason
    answer.stop_sequence = message.stop_sequence or answer.stop_sequence
    if answer.stop_reason is not None and _NAME.fullmatch(answer.stop_reason) is None:
        raise UpstreamError("upstream's answer ends for a reason that is none", status=502)
    details = message.stop_details
    if details is None or answer.stop_details is not None:
        return []
    category = details.get("category")
    known = category if isinstance(category, str) and _NAME.fullmatch(category) else None
    said = details.get("explanation")
    explanation = said if isinstance(said, str) else None
    answer.stop_details = {"type": "refusal", "category": known, "explanation": explanation}
    return [Delta(REFUSAL, explanation)] if explanation else []


def _said(answer: Answer, deltas: list[Delta]) -> list[Delta]:
    for delta in deltas:
        answer.said += len(delta.text)
    return deltas


def _string(block: dict[str, Any], key: str) -> str:
    value = block.get(key) or ""
    if not isinstance(value, str):
        raise UpstreamError(f"upstream's answer has a block whose {key} is not a text", status=502)
    return value


def _input(block: dict[str, Any]) -> str:
    found = block.get("input")
    return msgspec.json.encode(found).decode() if found else ""


def _sealed(value: Any) -> str | None:
    if value is not None and not (isinstance(value, str) and SEALED.fullmatch(value)):
        raise UpstreamError("upstream's answer has something readable where only it can read", status=502)
    return value


def _named(fields: dict[str, Any]) -> None:
    plain = [fields.get(key) for key in ("id", "name", "toolset_name")]
    known = all(value is None or (isinstance(value, str) and _NAME.fullmatch(value)) for value in plain)
    if readable(fields) or not known:
        raise UpstreamError("upstream's answer calls a tool by something that is not a name", status=502)
