"""What an exchange has cost and may still cost: rounds, seconds, tokens, money and the caller's deadline."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ..policies.compiled import Regenerate

_MILLION: Final = 1_000_000


class Account:
    """The budget of one exchange, from the moment it is made; `deadline` is in seconds from then.

    `prompt` is the estimate of a request's tokens for upstreams that do not say.
    """

    def __init__(
        self, plan: Regenerate, now: Callable[[], float], *, deadline: float | None = None, prompt: int = 0
    ) -> None:
        self.tokens = 0
        self.money = 0.0
        self.rounds = 0
        self._plan = plan
        self._now = now
        self._deadline = deadline
        self._prompt = prompt
        self._started = self._began = now()

    def begin(self) -> None:
        """The first round begins now."""
        self._began = self._now()

    def draw(self, tokens: int, *, prompt_tokens: int | None = None, helper_tokens: int = 0) -> None:
        """Charge a round: the answer's tokens, the request's, and those of helper models at the answer's price."""
        self.rounds += 1
        self._charge(tokens + helper_tokens, self._prompt if prompt_tokens is None else prompt_tokens)

    def lost(self) -> None:
        """Charge a request whose answer was given up before it was read."""
        self._charge(0, self._prompt)

    def spent(self, *, rounds: int) -> bool:
        """Whether another round would be over `rounds` or over what the policy or the caller allows.

        A round that would not end before the deadline, going by the mean of those before, is not begun.
        """
        plan, now = self._plan, self._now()
        mean = (now - self._began) / self.rounds if self.rounds else 0.0
        return (
            self.rounds >= rounds
            or (plan.seconds is not None and now - self._started >= plan.seconds)
            or (plan.tokens is not None and self.tokens >= plan.tokens)
            or (plan.money is not None and self.money >= plan.money)
            or (self._deadline is not None and now - self._started + mean > self._deadline)
        )

    def _charge(self, tokens: int, prompt_tokens: int) -> None:
        self.tokens += tokens
        plan = self._plan
        self.money += (tokens * plan.price_output + prompt_tokens * plan.price_input) / _MILLION
