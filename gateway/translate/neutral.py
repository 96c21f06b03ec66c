"""The neutral form that every protocol is read into and written from: what was asked, and an answer as events.

It holds what most protocols can say. What it cannot hold, a reader refuses by the name of the field; what the other
side cannot take, a writer does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from typing import Any, Final, Literal, TypeAlias

import msgspec

from ...models.errors import InputError
from ...policies.schema import Prefill

Tongue: TypeAlias = Literal["chat", "messages", "ollama"]
"""The protocols that an upstream may be spoken to in by translation."""
TextKind: TypeAlias = Literal["content", "reasoning", "refusal"]
Reason: TypeAlias = Literal["end", "length", "stop", "tools", "refusal"]

_DATA_URL: Final = re.compile(r"data:([\w.+-]+/[\w.+-]+);base64,([A-Za-z0-9+/=_-]*)", re.ASCII)


class Said(msgspec.Struct, frozen=True, tag="text"):
    """A text."""

    text: str


class Thought(msgspec.Struct, frozen=True, tag="thinking"):
    """What an assistant thought before it spoke."""

    text: str


class Picture(msgspec.Struct, frozen=True, kw_only=True, tag="image"):
    """An image, by URL or as base64; `path` is where it stands in the client's request."""

    path: str
    url: str | None = None
    data: str = ""
    media_type: str = ""

    @property
    def address(self) -> str:
        """The URL, or one that holds the data."""
        return self.url if self.url is not None else f"data:{self.media_type};base64,{self.data}"


class Called(msgspec.Struct, frozen=True, kw_only=True, tag="call"):
    """A call of a tool; `arguments` is its JSON text."""

    id: str
    name: str
    arguments: str


class Result(msgspec.Struct, frozen=True, kw_only=True, tag="result"):
    """What a tool returned to the call `id`."""

    id: str
    content: tuple[Said | Picture, ...]


Content: TypeAlias = Said | Thought | Picture | Called | Result


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """One message; results of tools stand in a turn of the user's."""

    role: Literal["system", "user", "assistant"]
    content: tuple[Content, ...]


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """A function that the model may call; `schema` is the JSON Schema of its arguments."""

    name: str
    description: str | None = None
    schema: dict[str, Any] = {}
    strict: bool | None = None


class ToolChoice(msgspec.Struct, frozen=True, kw_only=True):
    """Whether tools are to be called, and which one where `name` is given."""

    mode: Literal["auto", "none", "required"] = "auto"
    name: str | None = None


class Format(msgspec.Struct, frozen=True, kw_only=True):
    """JSON that the answer has to be: any object where `schema` is None. `path` is the client's field."""

    path: str
    schema: dict[str, Any] | None = None
    name: str = "answer"
    strict: bool | None = None


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A request; None is what the client left out."""

    model: str
    turns: tuple[Turn, ...]
    tools: tuple[Tool, ...] = ()
    choice: ToolChoice | None = None
    parallel: bool | None = None
    format: Format | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    stop: tuple[str, ...] = ()
    user: str | None = None
    stream: bool = False


class Manners(msgspec.Struct, frozen=True, kw_only=True):
    """What a writer has to know of the very upstream.

    `max_tokens` is sent where a protocol wants a bound and the client named none; `extensions`: sampling parameters
    beyond OpenAI's are known. `prefill` is how it takes the start of an answer, where the last turn is one.
    """

    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    extensions: bool = True
    max_tokens: int = 4096
    prefill: Prefill | None = None


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """The head of an answer, before all else."""

    id: str
    model: str


class Grew(msgspec.Struct, frozen=True):
    """More of a text of the answer."""

    kind: TextKind
    text: str


class CallBegun(msgspec.Struct, frozen=True, kw_only=True):
    """A call of a tool, number `index` of the answer's; calls come one after another."""

    index: int
    id: str
    name: str


class CallGrew(msgspec.Struct, frozen=True):
    """More of the JSON text of a call's arguments."""

    index: int
    text: str


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens: `prompt` counts those read from a cache and written to it, `completion` those of reasoning."""

    prompt: int
    completion: int
    cached: int = 0
    written: int = 0
    reasoning: int = 0


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """Why the answer is over; nothing follows. `sequence` is the stop sequence that was met, where that is known."""

    reason: Reason
    sequence: str | None = None


Event: TypeAlias = Begun | Grew | CallBegun | CallGrew | Spent | Ended


class Spoken(msgspec.Struct, kw_only=True):
    """A whole answer: its events, added up."""

    begun: Begun
    texts: dict[TextKind, str]
    calls: dict[int, Called]
    spent: Spent | None = None
    ended: Ended


def added_up(events: list[Event]) -> Spoken:
    """The answer that complete events amount to."""
    spoken = Spoken(begun=Begun(id="", model=""), texts={}, calls={}, ended=Ended(reason="end"))
    for event in events:
        match event:
            case Begun():
                spoken.begun = event
            case Grew(kind=kind, text=text):
                spoken.texts[kind] = spoken.texts.get(kind, "") + text
            case CallBegun(index=index, id=id, name=name):
                spoken.calls[index] = Called(id=id, name=name, arguments="")
            case CallGrew(index=index, text=text):
                call = spoken.calls[index]
                spoken.calls[index] = msgspec.structs.replace(call, arguments=call.arguments + text)
            case Spent():
                spoken.spent = event
            case Ended():
                spoken.ended = event
    return spoken


def refuse(path: str, why: str) -> InputError:
    """The error that says which field has no place in upstream's protocol."""
    return InputError(f"'{path}' {why}", param=path)


def refuse_rest(body: Mapping[str, Any], known: Set[str], *, path: str = "") -> None:
    """InputError for the first field that is set and that nobody read."""
    for field in sorted(body.keys() - known):
        if body[field]:
            name = f"{path}{field}"
            raise refuse(name, "cannot be translated to the protocol of this model's upstream: leave it out")


def picture(url: object, path: str) -> Picture:
    """An image from a URL or a data URL."""
    if not isinstance(url, str) or not url:
        raise refuse(path, "must be a URL")
    if not url.startswith("data:"):
        return Picture(path=path, url=url)
    found = _DATA_URL.fullmatch(url)
    if found is None:
        raise refuse(path, "must be a data URL such as data:image/png;base64,…")
    return Picture(path=path, media_type=found[1], data=found[2])


def object_of(arguments: str) -> dict[str, Any]:
    """A call's arguments as an object; a text that is none stands under `input`."""
    if not arguments.strip():
        return {}
    try:
        found = msgspec.json.decode(arguments)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        found = None
    return found if isinstance(found, dict) else {"input": arguments}


def joined(content: tuple[Content, ...]) -> str:
    """All texts of a turn or a result, a line each."""
    return "\n".join(item.text for item in content if isinstance(item, Said))
