"""What neutral events are in an OpenAI chat completion."""

from __future__ import annotations

from typing import Final

from ...guard.effects import Channel
from ..wire.openai_chat_answer import Answer
from ..wire.openai_chat_dialect import CHAT
from .neutral import Begun, Ended, Reason, Spent
from .read_answer import Named, Sight, count

_REASONS: Final[dict[str, Reason]] = {
    "stop": "end",
    "length": "length",
    "tool_calls": "tools",
    "function_call": "tools",
    "content_filter": "refusal",
}


def _begun(answer: Answer) -> Begun:
    return Begun(id=str(answer.head.get("id") or ""), model=str(answer.head.get("model") or ""))


def _call(answer: Answer, channel: Channel) -> Named | None:
    choice = answer.choices.get(0)
    if choice is None or channel.choice or channel.index not in choice.calls:
        return None
    call = choice.calls[channel.index]
    return Named(id=call.id, name=call.name)


def _calls(answer: Answer) -> list[Channel]:
    return [Channel(0, "tool_call", index) for index in sorted(answer.choices[0].calls)] if 0 in answer.choices else []


def _ended(answer: Answer) -> Ended:
    choice = answer.choices.get(0)
    return Ended(reason=_REASONS.get((choice.finish_reason if choice else None) or "stop", "end"))


def _spent(answer: Answer) -> Spent | None:
    if answer.tokens is None or answer.prompt_tokens is None:
        return None
    return Spent(
        prompt=answer.prompt_tokens,
        completion=answer.tokens,
        cached=count(answer.usage, "prompt_tokens_details", "cached_tokens"),
        reasoning=count(answer.usage, "completion_tokens_details", "reasoning_tokens"),
    )


SEE_CHAT: Final = Sight[Answer](dialect=CHAT, begun=_begun, call=_call, calls=_calls, ended=_ended, spent=_spent)
