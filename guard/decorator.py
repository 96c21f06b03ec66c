"""`@protect`: the guard around any function of app code, sync or async, whole answers or streams."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, Literal, ParamSpec, TypeAlias, TypeVar, overload

import msgspec

from ..models.errors import ConfigError
from ..policies.compile import load_policy
from ..policies.compiled import CompiledPolicy
from ..policies.verdict import Verdict
from .calls import Extract, call_of, prompt_name
from .conversation import parts_of
from .cuts import restored_text
from .effects import Finish, Release
from .failure import Blocked
from .function_source import AsyncFunctionSource, AsyncStreamSource, FunctionSource, StreamSource
from .guard import Guard

P = ParamSpec("P")
R = TypeVar("R")
OnBlock: TypeAlias = Literal["raise", "return"] | Callable[[Verdict], Any]
OnVerdict: TypeAlias = Callable[[Verdict], object]


class _Plan(msgspec.Struct, frozen=True):
    """The arguments of `protect`, checked once."""

    policy: CompiledPolicy
    input: str | Extract | None
    output: Extract | None
    on_block: OnBlock
    on_verdict: OnVerdict | None
    guard: Guard | None

    def ended(self, finish: Finish) -> Finish:
        """The same end, after whoever asked for verdicts has been told."""
        if self.on_verdict is not None:
            self.on_verdict(finish.verdict)
        return finish

    def guarding(self) -> Guard:
        """The guard given, or the process's own: models are loaded at the first call and shared by all functions."""
        return self.guard or shared().under(self.policy)


@functools.cache
def shared() -> Guard:
    """The process's guard with the embedded model, made when first needed."""
    return Guard("default")


@overload
def protect(function: Callable[P, R], /) -> Callable[P, R]: ...
@overload
def protect(
    *,
    policy: str | Path | CompiledPolicy | None = None,
    input: str | Extract | None = None,
    output: Extract | None = None,
    on_block: OnBlock = "raise",
    on_verdict: OnVerdict | None = None,
    guard: Guard | None = None,
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
def protect(
    function: Callable[..., Any] | None = None,
    /,
    *,
    policy: str | Path | CompiledPolicy | None = None,
    input: str | Extract | None = None,
    output: Extract | None = None,
    on_block: OnBlock = "raise",
    on_verdict: OnVerdict | None = None,
    guard: Guard | None = None,
) -> Any:
    """Judges what goes into a function and what comes out, and calls it again while the policy says so.

    `input` names the argument that is the prompt (a text or messages), or makes it from the arguments; `output` takes
    the answer's text from the result. `on_block`: raise `Blocked`, return the explanation, or return what a function of
    the verdict returns. `on_verdict` is told of every verdict, also of what was allowed. A function with an argument
    `guidance` is given the system note when it is asked again.
    """
    if guard is not None and policy is not None:
        guard = guard.under(policy)
    if on_block not in ("raise", "return") and not callable(on_block):
        raise ConfigError(f"protect: on_block must be 'raise', 'return' or a function, not {on_block!r}")
    compiled = (
        guard.policy if guard else policy if isinstance(policy, CompiledPolicy) else load_policy(policy or "default")
    )
    plan = _Plan(policy=compiled, input=input, output=output, on_block=on_block, on_verdict=on_verdict, guard=guard)
    return _wrapped(function, plan) if function is not None else functools.partial(_wrapped, plan=plan)


def _wrapped(function: Callable[..., Any], plan: _Plan) -> Callable[..., Any]:
    signature = inspect.signature(function)
    if isinstance(plan.input, str) and plan.input not in signature.parameters:
        raise ConfigError(f"protect: input={plan.input!r} is no argument of {function.__name__}{signature}")
    if plan.input is None:
        prompt_name(signature)
    wrap = (
        _async_stream if inspect.isasyncgenfunction(function)
        else _async_call if inspect.iscoroutinefunction(function)
        else _stream if inspect.isgeneratorfunction(function)
        else _call
    )  # fmt: skip
    return functools.wraps(function)(wrap(function, signature, plan))


def _call(function: Callable[..., Any], signature: inspect.Signature, plan: _Plan) -> Callable[..., Any]:
    def protected(*args: Any, **kwargs: Any) -> Any:
        call = call_of(signature, plan.input, args, kwargs)
        source = FunctionSource(function, call, plan.output)
        finish = plan.ended(plan.guarding().exchange(parts_of(call.messages), source))
        return source.result(finish) if finish.delivery == "delivered" else _blocked(plan, finish)

    return protected


def _async_call(function: Callable[..., Any], signature: inspect.Signature, plan: _Plan) -> Callable[..., Any]:
    async def protected(*args: Any, **kwargs: Any) -> Any:
        call = call_of(signature, plan.input, args, kwargs)
        source = AsyncFunctionSource(function, call, plan.output)
        finish = plan.ended(await plan.guarding().aexchange(parts_of(call.messages), source))
        return source.result(finish) if finish.delivery == "delivered" else _blocked(plan, finish)

    return protected


def _stream(function: Callable[..., Any], signature: inspect.Signature, plan: _Plan) -> Callable[..., Any]:
    def protected(*args: Any, **kwargs: Any) -> Iterator[Any]:
        call = call_of(signature, plan.input, args, kwargs)
        source = StreamSource(function, call, plan.output)
        for item in plan.guarding().stream(parts_of(call.messages), source):
            if isinstance(item, Release):
                yield restored_text(item.text, source.words)
            elif plan.ended(item).delivery != "delivered":
                yield from _last_words(plan, item)

    return protected


def _async_stream(function: Callable[..., Any], signature: inspect.Signature, plan: _Plan) -> Callable[..., Any]:
    async def protected(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        call = call_of(signature, plan.input, args, kwargs)
        source = AsyncStreamSource(function, call, plan.output)
        items = plan.guarding().astream(parts_of(call.messages), source)
        try:
            async for item in items:
                if isinstance(item, Release):
                    yield restored_text(item.text, source.words)
                elif plan.ended(item).delivery != "delivered":
                    for words in _last_words(plan, item):
                        yield words
        finally:
            await items.aclose()

    return protected


def _blocked(plan: _Plan, finish: Finish) -> Any:
    if callable(plan.on_block):
        return plan.on_block(finish.verdict)
    message = finish.message or ""
    if plan.on_block == "return":
        return message
    raise Blocked(message, verdict=finish.verdict)


def _last_words(plan: _Plan, finish: Finish) -> Iterator[Any]:
    """What a blocked stream yields last; a separator first where text of the answer is already out."""
    words = _blocked(plan, finish)
    if words is not None:
        yield f"\n\n{words}" if finish.delivery == "cut" and isinstance(words, str) else words
