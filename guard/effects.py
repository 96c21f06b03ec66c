"""What the loop asks for and what it is told: plain values, so that it can be run without any I/O.

The loop yields `Judge`, `Generate`, `Consult`, `Read`, `Release` and `Cancel` and returns `Finish`; a driver performs
each and sends the answer back. An answer arrives as events (`Delta` …, `End`), one for a whole answer or many for a
stream: both take the same path.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from ..models.assessment import Assessment
from ..models.content import Part, Text
from ..policies.verdict import Verdict
from .cuts import Cut

ChannelKind: TypeAlias = Literal["content", "reasoning", "tool_call", "refusal", "other"]
Delivery: TypeAlias = Literal["delivered", "refused", "supported", "cut", "withheld"]


class Channel(msgspec.Struct, frozen=True):
    """One text that grows in an answer: of which choice, which kind, and for tool calls which call.

    `field` is the place of a text beside those, as `function_call.arguments`, within the answer's message.
    """

    choice: int = 0
    kind: ChannelKind = "content"
    index: int = 0
    field: str = ""

    @property
    def path(self) -> str:
        """Where the text stands in the answer, as in verdicts: `response[0].content`."""
        if self.field:
            return f"response[{self.choice}].{self.field}"
        if self.kind == "tool_call":
            return f"response[{self.choice}].tool_calls[{self.index}].arguments"
        return f"response[{self.choice}].{self.kind}"


class Delta(msgspec.Struct, frozen=True):
    """More text on a channel; `name` is the tool that a call's text belongs to, as far as it is known."""

    channel: Channel
    text: str
    name: str = ""


class End(msgspec.Struct, frozen=True):
    """The answer is complete; upstream says what it and its request cost in tokens, None where it does not."""

    tokens: int | None = None
    prompt_tokens: int | None = None


Event: TypeAlias = Delta | End


class Judge(msgspec.Struct, frozen=True):
    """Assess these parts; answered with one assessment for each, in order."""

    parts: tuple[Part, ...]
    urgent: bool = False


class Generate(msgspec.Struct, frozen=True, kw_only=True):
    """Ask upstream for an answer. `guidance` goes in as a system note, `redact` are paths of the request to mask.

    `n` is how many choices to draw, None for as many as the caller asked for. `prompt` stands in for the last user
    message, `turns` are further (role, content) messages, `prefix` is the start of an answer that is to be continued.
    Of a path in `redact` that has `cuts` those alone need to be masked, all of it where a source cannot.
    Answered with None. `ahead`: something else is done before it is read, so it is to be under way meanwhile.
    """

    round: int
    guidance: str | None = None
    redact: tuple[str, ...] = ()
    cuts: tuple[Cut, ...] = ()
    n: int | None = None
    prompt: str | None = None
    turns: tuple[tuple[str, str], ...] = ()
    prefix: str | None = None
    ahead: bool = False


class Consult(msgspec.Struct, frozen=True, kw_only=True):
    """Ask a helper model (`corrector`, `rewriter`, `critic`) to complete `prompt`; answered with `Consulted`."""

    service: str
    prompt: str
    max_tokens: int = 1024
    stop: tuple[str, ...] = ()


class Consulted(msgspec.Struct, frozen=True, kw_only=True):
    """What a helper model said and the tokens it cost; `text` is None where it could not be asked, `fault` says why."""

    text: str | None
    tokens: int = 0
    fault: str | None = None


class Read(msgspec.Struct, frozen=True):
    """Wait for the next event of the answer that was asked for last."""


class Cancel(msgspec.Struct, frozen=True):
    """Stop reading the answer that was asked for last, and tell upstream so."""


class Release(msgspec.Struct, frozen=True):
    """This text was judged and may be shown. A driver that does not stream may ignore it: see `Finish.round`."""

    channel: Channel
    text: str


class Finish(msgspec.Struct, frozen=True, kw_only=True):
    """What the loop returns: the verdict and what the caller gets.

    `delivered`: the answer of `round` (its `choice`, or all of them where None) is the caller's.
    `refused`, `supported`: `message` is, and nothing else was released. `cut`: part of an answer was released before
    the rest was rejected. `withheld`: there was nothing to deliver (a check without an upstream). `text` is a helper's
    answer that stands in for upstream's content; `rewrites` are the prompts that stood in for the caller's. `appendix`
    belongs beneath the answer; of a stream it was released.
    """

    verdict: Verdict
    delivery: Delivery
    message: str | None = None
    round: int | None = None
    choice: int | None = None
    exposed: int = 0
    text: str | None = None
    appendix: str | None = None
    rewrites: tuple[Text, ...] = ()


Effect: TypeAlias = Judge | Generate | Consult | Read | Cancel | Release
Reply: TypeAlias = "tuple[Assessment, ...] | Event | Consulted | None"
