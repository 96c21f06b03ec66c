"""Makes rejected answers again: the guard's own loop; its first answer is the row's, the next ones are upstream's."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from typing import Any, Final

import msgspec

from ...models.errors import ConfigError, InputError, UpstreamError
from ...policies.compiled import CompiledPolicy
from ...policies.verdict import DELIVERS, Action
from ..bulk import Concluded, conclude_many
from ..calls import call_of
from ..conversation import Message
from ..effects import Finish, Generate
from ..function_source import FunctionSource
from ..rows import Exchange
from .answers import Answers, RowAnswers
from .appraise import Appraised
from .judge import BulkJudge
from .place import Halted
from .plan import Plan, Upstream
from .sides import asked_messages
from .sort import bin_of
from .upstream import Client, Passing

HOPELESS: Final = (401, 403, 404)
"""Statuses of an upstream that will answer no row."""
_REMEDY: Final = "look at --upstream, --upstream-model and --key-env, then --resume (with --mix under another name)"


class Regenerator:
    """Safe from several threads; close() ends its own. ConfigError where the policy never makes an answer again."""

    def __init__(self, judge: BulkJudge, plan: Plan, upstream: Upstream, *, client: Client | None = None) -> None:
        if not regenerates(judge.guard.policy):
            raise ConfigError(
                f"--regenerate: the policy {judge.guard.policy.name} never says regenerate of an output: "
                "use dataset-regenerate, or extend it"
            )
        self._judge = judge
        self._plan = plan
        self._client = client or Client(upstream)
        self._pool = ThreadPoolExecutor(upstream.concurrency, thread_name_prefix="headgate-again")

    def __call__(self, rows: Sequence[Appraised], known: Answers) -> None:
        """Rows whose answer was rejected get the one that the loop delivers, or its last verdict; in place.

        Upstream is asked for what is not `known`, and its answers are added there.
        """
        wanted = [one for one in rows if _is_rejected(one)]
        made = self._pool.map(self._again, wanted, [known.of(one.row.number) for one in wanted])
        answers = [answer for answer in made if answer is not None]
        # The loop has judged all of it, so that the memo knows the scores.
        judge = self._judge.guard
        exchanges = [answer.exchange for answer in answers]
        judged = conclude_many(exchanges, lambda parts: judge.judge(parts, bulk=True), rules=self._judge.rules())
        for answer, found in zip(answers, judged, strict=True):
            answer.row.concluded = Concluded(answer.finish.verdict, found.assessments, found.paths, answer.text)

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(cancel_futures=True)

    def _again(self, one: Appraised, known: RowAnswers) -> _Answer | None:
        """The new answer; None where there is none, and then the row says why."""
        assert one.sides is not None
        assert one.concluded is not None
        (given,) = one.sides.exchanges
        try:
            messages = asked_messages(one.row.fields or {}, self._plan.columns, preset=self._plan.preset)
        except InputError as error:
            one.error = f"not made again: {error}"
            return None
        if not messages:
            return None
        guard = copy(self._judge.guard)
        guard.rules = self._judge.rules(one.threshold)
        source = _Source(self._client, known, messages, given.response)
        try:
            finish = guard.exchange(given.prompt, source)
        except UpstreamError as error:
            if error.status in HOPELESS:
                raise Halted(f"{error}: {_REMEDY}") from error
            one.error = f"not made again: {error}"
            one.waits = isinstance(error, Passing)
            return None
        if finish.delivery != "delivered" or (finish.round or 0) < 2:
            one.concluded = msgspec.structs.replace(one.concluded, verdict=finish.verdict)
            return None
        text = str(source.result(finish))
        return _Answer(one, finish, text, msgspec.structs.replace(given, response=text))


class _Answer(msgspec.Struct):
    row: Appraised
    finish: Finish
    text: str
    exchange: Exchange


class _Source(FunctionSource):
    """The row's own answer in the first round, upstream's in the next ones."""

    def __init__(self, client: Client, known: RowAnswers, messages: Sequence[Message], given: Any) -> None:
        def ask(messages: Sequence[Message]) -> str:
            return known.ask(messages, client.complete)

        super().__init__(ask, call_of(inspect.signature(ask), "messages", (list(messages),), {}), None)
        self._given = given

    def generate(self, request: Generate) -> None:
        """Takes the answer that is there, or asks for another."""
        if request.round == 1:
            self._came(request, [self._given])
        else:
            super().generate(request)


def regenerates(policy: CompiledPolicy) -> bool:
    """Whether the policy makes some answers again."""
    again = (Action.REGENERATE, Action.CORRECT)
    return any(action in again for row in policy.matrix["output"].values() for action in row)


def _is_rejected(one: Appraised) -> bool:
    """Whether the row is dropped for its answer; both sides of a preference pair stay as they are."""
    if one.sides is None or one.concluded is None or one.sides.names or one.sides.exchanges[0].response is None:
        return False
    verdict = one.concluded.verdict
    against = [found.part for found in verdict.findings if found.action not in DELIVERS]
    against += [missed.part for missed in verdict.unjudged if missed.action not in DELIVERS]
    return bin_of(verdict) == "dropped" and any(part.startswith("response") for part in against)
