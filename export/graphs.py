"""Networks as they are exported: tensors in, one matrix of logits out. Needs torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn


class Classification(nn.Module):
    """An encoder with its own head; inputs in the order of `names`."""

    def __init__(self, model: Any, names: Sequence[str]) -> None:
        super().__init__()
        self.model = model
        self.names = tuple(names)

    def forward(self, *tensors: torch.Tensor) -> torch.Tensor:
        """Logits [batch, labels]."""
        made: torch.Tensor = self.model(**dict(zip(self.names, tensors, strict=True))).logits
        return made


class LastToken(nn.Module):
    """A decoder read at the last token that is not padding: a head's labels, or the logits of some token ids.

    Padding stands on the right, and positions count tokens alone, so that a row scores the same however it is padded.
    """

    def __init__(self, model: Any, *, ids: Sequence[int] = ()) -> None:
        super().__init__()
        self.base = model.model
        self.cap: float | None = getattr(model.config, "final_logit_softcapping", None) if ids else None
        weight = model.lm_head.weight.detach()[list(ids)] if ids else model.score.weight.detach()
        self.head = nn.Parameter(weight.clone(), requires_grad=False)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Logits [batch, labels or ids]."""
        places = (attention_mask.cumsum(-1) - 1).clamp(min=0)
        held = self.base(
            input_ids=input_ids, attention_mask=attention_mask, position_ids=places, use_cache=False
        ).last_hidden_state
        count = torch.arange(1, attention_mask.shape[1] + 1, device=attention_mask.device)
        last = (attention_mask * count).argmax(-1)
        rows = held[torch.arange(held.shape[0], device=held.device), last]
        logits: torch.Tensor = rows @ self.head.T
        if self.cap:
            logits = torch.tanh(logits / self.cap) * self.cap
        return logits
