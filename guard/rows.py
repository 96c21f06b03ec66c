"""Rows of a data set: which columns hold what, and the exchange that a row stands for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final, Literal, TypeAlias, cast

import msgspec

from ..models.assessment import Assessment
from ..models.content import Image, Part, Purpose, Role, Text, Video
from ..models.errors import ConfigError, InputError
from .conversation import message_of, parts_of

RowKind: TypeAlias = Literal["prompt", "pair", "text", "chat"]

FIELDS: Final = (
    *("kind", "prompt", "response", "text", "messages", "purpose", "label", "severity", "category"),
    *("chosen", "rejected", "image", "video", "source", "lang", "licence"),
)
"""What a column may hold; `--map FIELD=COLUMN` says which column does, dots reach into nested objects."""

_PURPOSES: Final[tuple[Purpose, ...]] = ("chat", "t2i", "t2v")
_MISSING: Final = object()
_BESIDE: Final = {"messages": Role.USER, "prompt": Role.USER, "response": Role.ASSISTANT, "text": Role.DOCUMENT}
"""Who speaks in a field that is judged beside what the row is."""


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """One row as something to judge: a prompt, a prompt and its answer, a post, or a whole chat.

    `response` is the answer, a text or a whole assistant message; None where there is none to judge. `scores` came with
    the row and stand in for a model's: by the path of a part, the empty path for all that have none of their own.
    """

    kind: RowKind
    prompt: tuple[Part, ...]
    response: str | dict[str, Any] | None = None
    scores: dict[str, Assessment] | None = None


class Columns(msgspec.Struct, frozen=True):
    """Where each field stands in a row; a field that is not named stands in the column of its own name."""

    names: dict[str, str] = {}

    def get(self, row: Mapping[str, Any], field: str) -> Any:
        """The field's value, or None where the row has no such column."""
        name = self.names.get(field, field)
        if name in row:
            return row[name]
        value: Any = row
        for step in name.split("."):
            value = value.get(step, _MISSING) if isinstance(value, Mapping) else _MISSING
        return None if value is _MISSING else value


def columns(mapping: Iterable[str]) -> Columns:
    """The columns of `FIELD=COLUMN` items; ConfigError names an unknown field."""
    names: dict[str, str] = {}
    for item in mapping:
        field, separator, name = item.partition("=")
        if not separator or not name or field not in FIELDS:
            raise ConfigError(f"--map {item}: write FIELD=COLUMN with FIELD one of {', '.join(FIELDS)}")
        names[field] = name
    return Columns(names)


def exchange(row: Mapping[str, Any], layout: Columns) -> Exchange:
    """What the row asks to judge; InputError names the column that is missing or cannot be read.

    What stands in a field that is no part of that is judged beside it.
    """
    found = _exchange(row, layout)
    return beside(found, {field: layout.get(row, field) for field in ("prompt", "response", "text")})


def beside(found: Exchange, fields: Mapping[str, Any]) -> Exchange:
    """The same with the fields' values as parts before its own, each under its name; one that is there already is not.

    A list or an object is judged as the JSON that it is.
    """
    parts = [part for part in found.prompt if isinstance(part, Text)]
    question = next((part.text for part in reversed(parts) if part.role in (Role.USER, Role.DOCUMENT)), "")
    more: list[Part] = []
    for field, role in _BESIDE.items():
        text, answers = _said(fields.get(field), field), role is Role.ASSISTANT
        if text and not _holds(found, text, answers=answers):
            more.append(Text(text=text, role=role, path=field, context=question if answers else ""))
    return msgspec.structs.replace(found, prompt=(*more, *found.prompt)) if more else found


def _said(value: Any, field: str) -> str:
    if isinstance(value, str):
        return value
    if not isinstance(value, (list, Mapping)) or not value:
        return ""
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except RecursionError as error:
        raise InputError(f"{field} is nested too deep", param=field) from error


def _holds(found: Exchange, text: str, *, answers: bool) -> bool:
    """Whether the text is judged already, as an answer or as something else."""
    given = found.response.get("content") if isinstance(found.response, dict) else found.response
    parts = (part for part in found.prompt if isinstance(part, Text) and part.text == text)
    return (answers and given == text) or any((part.role is Role.ASSISTANT) is answers for part in parts)


def _exchange(row: Mapping[str, Any], layout: Columns) -> Exchange:
    purpose = _purpose(row, layout)
    messages, shown = layout.get(row, "messages"), media_of(row, layout)
    kind = layout.get(row, "kind")
    if messages is not None:
        chat, answer = _chat(messages, purpose), layout.get(row, "response")
        if chat.response is None and kind not in ("prompt", "text") and isinstance(answer, str) and answer:
            chat = msgspec.structs.replace(chat, response=answer)
        return _with(chat, shown)
    prompt, response, text = (_text(row, layout, field) for field in ("prompt", "response", "text"))
    if prompt is None and text is not None:
        # Prompts for image and video generators come as `task` and `text`; everything else in `text` is a post.
        task = row.get("task")
        post = _prompt(text, cast(Purpose, task)) if task in _PURPOSES else _post(text, purpose)
        return _with(post, shown)
    if prompt is None and response is None:
        if shown:
            return Exchange(kind="text", prompt=shown)
        raise InputError("no column messages, prompt, response or text in the row (see --map)", param="prompt")
    if kind == "text":
        return _with(_post(prompt or "", purpose), shown)
    if kind == "pair" or (kind != "prompt" and response):
        spoken = [message_of(prompt)] if prompt is not None else []
        asked = (*parts_of(spoken, purpose=purpose), *shown)
        return Exchange(kind="pair", prompt=asked, response=response or "")
    return _with(_prompt(prompt or "", purpose), shown)


def labelled_part(found: Exchange) -> Part:
    """The part that a row's label speaks of: the answer where there is one, else the prompt or post."""
    if isinstance(found.response, str):
        context = "\n".join(part.text for part in found.prompt if isinstance(part, Text) and part.path not in _BESIDE)
        return Text(text=found.response, role=Role.ASSISTANT, path="response[0].content", context=context)
    if found.response is not None or not found.prompt:
        raise InputError("a labelled chat must end with a message of text", param="messages")
    return _last(found.prompt) if found.kind == "chat" else found.prompt[-1]


def _last(parts: Sequence[Part]) -> Part:
    """The text of a chat's last message, or else the last of what it holds."""
    spoken = [part for part in parts if part.path.startswith("messages[")] or parts
    message = spoken[-1].path.partition(".")[0]
    texts = [part for part in spoken if isinstance(part, Text) and part.path.partition(".")[0] == message]
    said = [part for part in texts if part.role is not Role.DOCUMENT]
    return (said or texts or spoken)[-1]


def matches(row: Mapping[str, Any], where: Mapping[str, str]) -> bool:
    """Whether every named column matches its pattern (`*` and `?` stand for anything)."""
    return all(fnmatchcase(str(row.get(name, "")), pattern) for name, pattern in where.items())


def _prompt(text: str, purpose: Purpose) -> Exchange:
    return Exchange(kind="prompt", prompt=parts_of([message_of(text)], purpose=purpose))


def _with(found: Exchange, shown: tuple[Part, ...]) -> Exchange:
    return msgspec.structs.replace(found, prompt=(*found.prompt, *shown)) if shown else found


def media_of(row: Mapping[str, Any], layout: Columns) -> tuple[Part, ...]:
    """The images and videos of a row: bytes, a URL or path, `{"bytes", "path"}` as data sets have it, or a list."""
    found: list[Part] = []
    for field, kind in (("image", Image), ("video", Video)):
        value = layout.get(row, field)
        for index, item in enumerate(value if isinstance(value, list) else [value]):
            path = f"{field}[{index}]" if isinstance(value, list) else field
            match item:
                case None:
                    continue
                case bytes():
                    found.append(kind(data=item, role=Role.DOCUMENT, path=path))
                case str():
                    found.append(kind(url=item, role=Role.DOCUMENT, path=path))
                case {"bytes": bytes(data)}:
                    found.append(kind(data=data, role=Role.DOCUMENT, path=path))
                case {"path": str(url)}:
                    found.append(kind(url=url, role=Role.DOCUMENT, path=path))
                case _:
                    raise InputError(f"{path} must be bytes, a URL or a path, not {type(item).__name__}", param=field)
    return tuple(found)


def _post(text: str, purpose: Purpose) -> Exchange:
    return Exchange(kind="text", prompt=(Text(text=text, role=Role.DOCUMENT, purpose=purpose, path="text"),))


def _chat(messages: Any, purpose: Purpose) -> Exchange:
    """The last answer is judged as an answer, what came before it as the request: as the gateway would see them."""
    if not isinstance(messages, list) or not messages or not all(isinstance(message, dict) for message in messages):
        raise InputError("messages must be a list of objects with role and content", param="messages")
    every, last = parts_of(messages, purpose=purpose), messages[-1]
    if last.get("role") != "assistant":
        return Exchange(kind="chat", prompt=every)
    before = tuple(part for part in every if not part.path.startswith(f"messages[{len(messages) - 1}]."))
    content = last.get("content")
    plain = isinstance(content, str) and last.keys() <= {"role", "content"}
    return Exchange(kind="chat", prompt=before, response=content if plain else last)


def _purpose(row: Mapping[str, Any], layout: Columns) -> Purpose:
    value = layout.get(row, "purpose")
    if value is None:
        return "chat"
    if value not in _PURPOSES:
        raise InputError(f"purpose must be one of {', '.join(_PURPOSES)}", param="purpose")
    return cast(Purpose, value)


def _text(row: Mapping[str, Any], layout: Columns, field: str) -> str | None:
    value = layout.get(row, field)
    if value is None or isinstance(value, str):
        return value
    raise InputError(f"{layout.names.get(field, field)} must be a text, not {type(value).__name__}", param=field)
