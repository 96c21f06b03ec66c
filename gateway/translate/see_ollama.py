"""What neutral events are in Ollama's answer."""

from __future__ import annotations

from typing import Final

from ...guard.effects import Channel
from ..wire.ollama_answer import Answer
from ..wire.ollama_dialect import OLLAMA
from .neutral import Begun, Ended, Spent
from .read_answer import Named, Sight


def _begun(answer: Answer) -> Begun:
    return Begun(id="", model=str(answer.head.get("model") or ""))


def _call(answer: Answer, channel: Channel) -> Named | None:
    call = answer.calls[channel.index]
    return Named(id=call.id, name=call.name)


def _calls(answer: Answer) -> list[Channel]:
    return [Channel(0, "tool_call", index) for index in range(len(answer.calls))]


def _ended(answer: Answer) -> Ended:
    if answer.done_reason == "length":
        return Ended(reason="length")
    return Ended(reason="tools" if answer.calls else "end")


def _spent(answer: Answer) -> Spent | None:
    if answer.tokens is None:
        return None
    # Ollama leaves out the count of a prompt that it still had in its cache.
    return Spent(prompt=answer.prompt_tokens or 0, completion=answer.tokens)


SEE_OLLAMA: Final = Sight[Answer](dialect=OLLAMA, begun=_begun, call=_call, calls=_calls, ended=_ended, spent=_spent)
