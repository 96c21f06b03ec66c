"""What neutral events are in an Anthropic message."""

from __future__ import annotations

from typing import Final

from ...guard.effects import Channel
from ..wire.anthropic_answer import Answer
from ..wire.anthropic_dialect import MESSAGES
from .neutral import Begun, Ended, Reason, Spent
from .read_answer import Named, Sight, count

_REASONS: Final[dict[str, Reason]] = {
    "end_turn": "end",
    "pause_turn": "end",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "stop_sequence": "stop",
    "tool_use": "tools",
    "refusal": "refusal",
}


def _begun(answer: Answer) -> Begun:
    return Begun(id=str(answer.head.get("id") or ""), model=str(answer.head.get("model") or ""))


def _call(answer: Answer, channel: Channel) -> Named | None:
    block = next((block for block in answer.blocks.values() if block.channel == channel), None)
    if block is None or block.kind != "tool_use":
        return None  # It ran at Anthropic's.
    return Named(id=block.fields.get("id"), name=str(block.fields.get("name") or ""))


def _calls(answer: Answer) -> list[Channel]:
    blocks = answer.blocks.values()
    return [block.channel for block in blocks if block.kind == "tool_use" and block.channel is not None]


def _ended(answer: Answer) -> Ended:
    return Ended(reason=_REASONS.get(answer.stop_reason or "", "end"), sequence=answer.stop_sequence)


def _spent(answer: Answer) -> Spent | None:
    if answer.tokens is None or answer.prompt_tokens is None:
        return None
    return Spent(
        prompt=answer.prompt_tokens,
        completion=answer.tokens,
        cached=count(answer.usage, "cache_read_input_tokens"),
        written=count(answer.usage, "cache_creation_input_tokens"),
    )


SEE_MESSAGES: Final = Sight[Answer](
    dialect=MESSAGES, begun=_begun, call=_call, calls=_calls, ended=_ended, spent=_spent
)
