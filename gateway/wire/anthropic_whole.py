"""What a caller of Anthropic's dialect gets in one piece: a delivered message, or one that refuses."""

from __future__ import annotations

from typing import Any

import msgspec

from ...guard.effects import Finish
from .anthropic_answer import Answer, Block
from .anthropic_usage import NOTHING
from .dialect import Outcome, Request


def whole_message(outcome: Outcome[Request, Answer]) -> bytes:
    """The message, made anew of what was judged, with the usage of all rounds."""
    finish, answer = outcome.finish, outcome.answer
    if finish.delivery == "delivered" and answer is not None:
        content, end = delivered(finish, answer), ending(finish, answer, outcome.request)
    else:
        content, end = [said(finish.message or "")], refusal(finish)
    if finish.delivery == "delivered" and finish.appendix is not None:
        content.append(said(f"\n\n{finish.appendix}" if content else finish.appendix))
    head = head_of(outcome.request, answer, outcome.identity)
    return msgspec.json.encode({**head, "content": content, **end, "usage": outcome.usage or NOTHING})


def head_of(request: Request, answer: Answer | None, identity: str) -> dict[str, Any]:
    """The first fields of a message: upstream's id and model where an answer came."""
    head = answer.head if answer is not None else {}
    return {
        "id": head.get("id") or f"msg_{identity}",
        "type": "message",
        "role": "assistant",
        "model": head.get("model") or request.body.get("model") or "",
    }


def delivered(finish: Finish, answer: Answer) -> list[dict[str, Any]]:
    """The blocks of the answer; a helper's text stands in for all of them."""
    if finish.text is not None:
        return [said(finish.text)]
    texts: dict[int, list[str]] = {}
    for channel, runs in answer.runs.items():
        for run in runs:
            if answer.blocks[run.block].channel == channel:
                texts.setdefault(run.block, []).append(run.text)
    return [_block(block, "".join(texts.get(index, ()))) for index, block in answer.blocks.items()]


def ending(finish: Finish, answer: Answer, request: Request) -> dict[str, Any]:
    """How a delivered answer ended; a stop sequence is told where the caller asked for it."""
    if finish.text is not None:
        return {"stop_reason": "end_turn", "stop_sequence": None}
    asked = request.body.get("stop_sequences")
    known = isinstance(asked, list) and answer.stop_sequence in asked
    end = {"stop_reason": answer.stop_reason, "stop_sequence": answer.stop_sequence if known else None}
    return end | ({"stop_details": answer.stop_details} if answer.stop_details is not None else {})


def refusal(finish: Finish) -> dict[str, Any]:
    """How an answer ends that the policy holds back: `refusal`, with what the caller is told of it."""
    details = {"type": "refusal", "category": None, "explanation": finish.message}
    return {"stop_reason": "refusal", "stop_sequence": None, "stop_details": details}


def said(text: str) -> dict[str, Any]:
    """A text block."""
    return {"type": "text", "text": text}


def _block(block: Block, text: str) -> dict[str, Any]:
    match block.kind:
        case "text":
            cited = {"citations": [citation.value for citation in block.citations]} if block.citations else {}
            return {**block.fields, "text": text, **cited}
        case "thinking":
            return {**block.fields, "thinking": text, "signature": block.signature or ""}
        case kind if kind.endswith("_use"):
            return {**block.fields, "input": arguments(text)}
        case _:
            return block.fields


def arguments(text: str) -> Any:
    """A call's input as JSON; a text that was cut short is none, and is left out."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError):
        return {}
