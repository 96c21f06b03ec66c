"""What an exchange is about, and what it has come to so far."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import msgspec

from ..models.content import Part, Text, direction_of, kind_of
from ..policies.decide import Decision
from ..policies.verdict import Action, Finding, Round, Verdict
from .account import Account
from .answer import Reading
from .cuts import Cut
from .language import languages
from .weigh import Rules, merged


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What kind of exchange this is.

    `answers`: there is an upstream, or a given answer. `given`: the answer is given, so it is judged even when the
    prompt is refused, and cannot be made again. `streams`: accepted text is released while the rest is still made.
    `speculates`: the source can be asked before the prompt is judged, without anyone waiting. `continues`: upstream can
    go on from a shown text. `deadline` is the caller's, in seconds from the start; `language` is what the caller reads.
    """

    rules: Rules
    answers: bool = True
    given: bool = False
    streams: bool = False
    speculates: bool = False
    continues: bool = False
    deadline: float | None = None
    language: str = ""
    now: Callable[[], float] = time.monotonic


class State:
    """What an exchange has come to so far; `kept` is the shown text from which upstream goes on."""

    def __init__(self, terms: Terms, prompt: Decision, question: str, account: Account) -> None:
        self.terms = terms
        self.rules = terms.rules
        self.prompt = prompt
        self.question = question
        self.account = account
        self.rounds: list[Round] = []
        self.readings: list[Reading] = []
        self.rewrites: list[Text] = []
        self.regenerations = 0
        self.exposed = 0
        self.corrected = 0
        self.kept = ""
        self.cuts: tuple[Cut, ...] = ()

    @property
    def most_rounds(self) -> int:
        """The rounds that the policy allows for a prompt like this."""
        plan = self.rules.policy.regenerate
        return min(plan.rounds, plan.rounds_when.get(self.prompt.action.value, plan.rounds))

    @property
    def services(self) -> frozenset[str]:
        """The helper models that the policy names."""
        return frozenset(self.rules.policy.services)

    @property
    def supports(self) -> bool:
        """Whether a person at risk is to get an answer, with help lines beneath it, and not a message alone."""
        answers = self.rules.policy.block.support_mode == "answer" and self.terms.answers and not self.terms.given
        return answers and self.prompt.action is Action.SUPPORT and self.rules.enforces

    @property
    def languages(self) -> tuple[str, ...]:
        """What the person reads, the likeliest first."""
        return languages(self.terms.language, self.question)

    def spent(self) -> bool:
        """Whether no further round may be begun."""
        return self.terms.given or self.account.spent(rounds=self.most_rounds)

    def steering(self) -> tuple[Finding, ...]:
        """What was found in the prompt that the model is to be steered by."""
        actions = (Action.GUIDELINE, Action.SUPPORT) if self.supports else (Action.GUIDELINE,)
        return tuple(finding for finding in self.prompt.findings if finding.action in actions)

    def redacted(self) -> tuple[str, ...]:
        """The paths of the request that upstream may not see."""
        if not self.rules.enforces:
            return ()
        found = [finding.part for finding in self.prompt.findings if finding.action is Action.REDACT]
        missed = [miss.part for miss in self.prompt.coverage.unjudged if miss.action is Action.REDACT]
        return tuple(dict.fromkeys([*found, *missed]))

    def verdict(self, *decisions: Decision, action: Action | None = None) -> Verdict:
        """The verdict about the prompt and these decisions; its action is the strongest of all that was done."""
        whole = merged([self.prompt, *decisions])
        done = [whole.action, *(round.action for round in self.rounds), *([action] if action else [])]
        return Verdict(
            action=max(done),
            findings=whole.findings,
            coverage=whole.coverage,
            policy=self.rules.policy.name,
            policy_hash=self.rules.policy.hash,
            models=self.rules.models,
            rounds=tuple(self.rounds),
            mode=self.rules.policy.mode,
        )


def goes_ahead(terms: Terms, parts: Sequence[Part]) -> bool:
    """Whether upstream is asked before the prompt is judged: never with a part that the policy could mask."""
    if not (terms.answers and terms.speculates and terms.rules.policy.speculate) or terms.given:
        return False
    return not (terms.rules.enforces and any(_maskable(terms.rules, part) for part in parts))


def _maskable(rules: Rules, part: Part) -> bool:
    unjudged = rules.policy.on_unjudged.get(kind_of(part))
    return unjudged is Action.REDACT or direction_of(part.role) in rules.masking
