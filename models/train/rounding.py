"""Rounds a layer's weights to the int8 grid of its outputs, each column making good the errors of those before it.

GPTQ (Frantar et al. 2023, arXiv 2210.17323): what matters is the error of the products over inputs that were seen, not
of the weights. The grid is that of `quantize.py`, which finds the same integers again.
"""

from __future__ import annotations

import torch

BLOCK = 128
DAMPING = 0.01
"""Share of the mean square of the inputs that is added to each, so that what was seldom seen is not overfitted."""


def on_grid(weight: torch.Tensor, seen: torch.Tensor, *, levels: int) -> torch.Tensor:
    """The weights [out, in] as multiples of each row's largest one over `levels`.

    `seen` [in, in] is the mean of the products of pairs of inputs. The largest weight of a row keeps its value,
    whatever the errors of others ask of it, so that the row's scale can be read from the result.
    """
    exact = weight.double()
    top = exact.abs().argmax(dim=1)
    peak = exact.gather(1, top.unsqueeze(1)).squeeze(1)
    # In the precision in which the quantiser divides: its integers must be these.
    scale = torch.where(peak != 0, peak.abs().float() / levels, 1.0).double()
    order = seen.diagonal().argsort(descending=True)
    upper = _inverse_root(damped(seen.double()[order][:, order]))
    left, made = exact[:, order], torch.zeros_like(exact)
    for first in range(0, len(order), BLOCK):
        last = min(first + BLOCK, len(order))
        errors = torch.zeros_like(left[:, first:last])
        for column in range(first, last):
            fixed = (left[:, column] / scale).round().clamp(-levels, levels)
            fixed = torch.where(top == order[column], peak.sign() * levels, fixed)
            made[:, order[column]] = fixed * scale
            error = (left[:, column] - fixed * scale) / upper[column, column]
            left[:, column:last] -= torch.outer(error, upper[column, column:last])
            errors[:, column - first] = error
        left[:, last:] -= errors @ upper[first:last, last:]
    return made.float()


def damped(seen: torch.Tensor) -> torch.Tensor:
    """`seen` with `DAMPING` of its mean diagonal added to the diagonal."""
    added = DAMPING * seen.diagonal().mean().clamp(min=torch.finfo(torch.float32).tiny)
    return seen + added * torch.eye(len(seen), dtype=seen.dtype)


def _inverse_root(seen: torch.Tensor) -> torch.Tensor:
    # The upper Cholesky factor of the inverse: row by row what an error of one column asks of those after it.
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(seen))
    root: torch.Tensor = torch.linalg.cholesky(inverse, upper=True)
    return root
