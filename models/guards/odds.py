"""Probabilities of the words that a guard's answer may start with, from logits or from a server's log-probabilities."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from .asking import Ask, Reply, Token

LEAST_MASS = 0.1
"""Probability that must lie on the choices together: below, the model says something else and its odds mean nothing."""


def softmax(logits: Sequence[float]) -> list[float]:
    """The probabilities of logits among themselves."""
    top = max(logits)
    weights = [math.exp(logit - top) for logit in logits]
    return [weight / sum(weights) for weight in weights]


def sigmoid(logit: float) -> float:
    """1 / (1 + exp(-logit)), without overflow."""
    return 0.5 * (1.0 + math.tanh(0.5 * logit))


def placed(probability: float, *, threshold: float) -> float:
    """The probability with a guard's published threshold moved to 0.5: a shift of the log-odds, so 0 and 1 stay."""
    if threshold == 0.5:
        return probability
    yes, no = probability * (1.0 - threshold), (1.0 - probability) * threshold
    return yes / (yes + no)


def odds(ask: Ask, reply: Reply) -> Mapping[str, float] | None:
    """The probability of each choice among the choices, or None where the reply does not tell."""
    if reply.odds is not None:
        return reply.odds
    token = _answering(reply.tokens, after=ask.after)
    return among(token.top, choices=ask.choices) if token is not None else None


def among(top: Mapping[str, float], *, choices: Sequence[str]) -> Mapping[str, float] | None:
    """The share of each choice in the likeliest tokens: a token counts for the one choice that it is a beginning of."""
    mass = dict.fromkeys(choices, 0.0)
    for text, logprob in top.items():
        word = _bare(text)
        meant = [choice for choice in choices if choice.lower() == word]
        meant = meant or [choice for choice in choices if word and choice.lower().startswith(word)]
        if len(meant) == 1 and logprob <= 1e-6:
            mass[meant[0]] += math.exp(logprob)
    total = sum(mass.values())
    if total < LEAST_MASS:
        return None
    return {choice: share / total for choice, share in mass.items()}


def _answering(tokens: Sequence[Token], *, after: str) -> Token | None:
    """The first token that is not blank, once what `after` names has been said."""
    said = ""
    for token in tokens:
        if after in said and _bare(token.text):
            return token
        said += token.text
    return None


def _bare(text: str) -> str:
    # Some servers give tokens as the vocabulary writes them: a space as one of two letters, a line break as one.
    return text.replace("\u2581", " ").replace("\u0120", " ").replace("\u010a", "\n").strip("\"' \n\t").lower()
