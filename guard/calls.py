"""A decorated function as a source of answers: what is its prompt, what is its answer, and how it is asked again."""

from __future__ import annotations

import inspect
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import msgspec

from ..models.errors import ConfigError, InputError
from .conversation import Message, message_of, with_note
from .effects import Generate
from .redact import masked_messages
from .reword import reworded

Extract: TypeAlias = Callable[..., Any]

PROMPTS: Final = ("messages", "prompt", "question", "message", "text", "query", "input")
"""Names of arguments that are taken for the prompt when nobody says which it is."""

GUIDANCE: Final = "guidance"
"""A decorated function that has an argument of this name is given the system note when it is asked again."""


class Call(msgspec.Struct, frozen=True):
    """One call of a decorated function: its arguments by name, and which of them is the prompt (None: an extractor)."""

    signature: inspect.Signature
    arguments: dict[str, Any]
    prompt: str | None
    messages: tuple[Message, ...]

    def again(self, request: Generate) -> inspect.BoundArguments:
        """The arguments for this round: the note and the redactions in place, wherever the function can take them."""
        arguments = dict(self.arguments)
        messages: Sequence[Message] = self.messages
        if request.redact:
            messages = masked_messages(messages, request.redact, request.cuts)
        if request.prompt is not None:
            messages = reworded(messages, request.prompt)
        if messages is not self.messages:
            arguments = self._with_prompt(arguments, messages)
        listed = self.prompt is not None and not isinstance(arguments[self.prompt], (str, Mapping))
        note = request.guidance
        if request.turns and not listed:
            # A prompt of one text has no place for turns; what they ask for goes into the note.
            note = "\n\n".join([note or "", *(text for role, text in request.turns if role == "user")]).strip()
        if note is not None:
            if GUIDANCE in self.signature.parameters:
                arguments[GUIDANCE] = note
            elif listed and self.prompt is not None:
                arguments[self.prompt] = with_note(arguments[self.prompt], note)
        if request.turns and listed and self.prompt is not None:
            turns = [{"role": role, "content": text} for role, text in request.turns]
            arguments[self.prompt] = [*arguments[self.prompt], *turns]
        return inspect.BoundArguments(self.signature, OrderedDict(arguments))

    def _with_prompt(self, arguments: dict[str, Any], messages: Sequence[Message]) -> dict[str, Any]:
        if self.prompt is None:
            raise ConfigError("the policy changes this prompt, and input= is a function: name the argument instead")
        prompt: Any = list(messages)
        if isinstance(arguments[self.prompt], str):
            prompt = messages[0]["content"]
        elif isinstance(arguments[self.prompt], Mapping):
            prompt = messages[0]
        return {**arguments, self.prompt: prompt}


def call_of(signature: inspect.Signature, prompt: str | Extract | None, args: Any, kwargs: Any) -> Call:
    """The call with its prompt found; InputError where the prompt is neither a text nor messages."""
    bound = signature.bind(*args, **kwargs)
    bound.apply_defaults()
    arguments = dict(bound.arguments)
    if callable(prompt):
        return Call(signature, arguments, None, messages_of(prompt(*bound.args, **bound.kwargs), "input"))
    name = prompt or prompt_name(signature)
    return Call(signature, arguments, name, messages_of(arguments[name], name))


def prompt_name(signature: inspect.Signature) -> str:
    """The argument that is the prompt: one with a usual name, else the first; ConfigError where there is none."""
    names = [
        name
        for name, parameter in signature.parameters.items()
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD) and name not in ("self", "cls")
    ]
    if not names:
        raise ConfigError("protect: the function takes no argument to judge; name it with input=")
    return next((name for name in PROMPTS if name in names), names[0])


def messages_of(value: Any, name: str) -> tuple[Message, ...]:
    """A prompt as messages: a text is one user message."""
    if isinstance(value, str):
        return (message_of(value),)
    if isinstance(value, Mapping):
        return (value,)
    if isinstance(value, Sequence) and all(isinstance(item, Mapping) for item in value):
        return tuple(value)
    raise InputError(f"{name} must be a text or a list of messages, not {type(value).__name__}: use input=", param=name)


def answer_of(result: Any, extract: Extract | None) -> str | Message:
    """The text or message of a function's result; InputError says to name it with output= where it is not plain."""
    value = extract(result) if extract is not None else result
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping) and ("content" in value or "tool_calls" in value):
        return value
    # The response objects of the openai and anthropic clients, known by their shape so that neither is imported.
    if choices := getattr(value, "choices", None):
        message = choices[0].message
        return message if isinstance(message, Mapping) else message.model_dump(exclude_none=True)
    if isinstance(blocks := getattr(value, "content", None), list):
        return "".join(getattr(block, "text", "") for block in blocks)
    raise InputError(f"the result is a {type(value).__name__}; name its text with output=", param="output")
