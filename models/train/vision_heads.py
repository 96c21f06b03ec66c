"""What is trained over a frozen SigLIP or CLIP: a head for an image and its question, and one for a video."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

SEVERITY_WEIGHT = (2.9, 1.2, 2.7)
"""1/sqrt(share) of minor, moderate and severe among unsafe rows: the ends are rare and are what a policy acts on."""
LEVELS = 3


class ImageHead(nn.Module):
    """Late fusion: an image and its question, each a vector, to `logits` [B, 1 + labels + 3].

    Columns are unsafe, the labels, and P(severity at least 1, 2, 3), which never rise. A question that is missing is a
    vector of zeros, and training leaves it out now and then, so that the image alone can be judged.
    """

    def __init__(self, *, width: int, labels: int, hidden: int = 512) -> None:
        super().__init__()
        self.width = width
        self.dense = nn.Sequential(
            nn.LayerNorm(4 * width),
            nn.Linear(4 * width, hidden),
            nn.GELU(),
            nn.Dropout(0.1),
            nn.Linear(hidden, hidden),
            nn.GELU(),
        )
        self.flat = nn.Linear(hidden, 1 + labels)
        self.severity = Ordinal(hidden)

    def forward(self, frames: torch.Tensor, prompt: torch.Tensor) -> torch.Tensor:
        """Logits of unit vectors [B, 1, D] and [B, D]."""
        seen = frames[:, 0]
        both = torch.cat((seen, prompt, seen * prompt, (seen - prompt).abs()), dim=-1)
        hidden = self.dense(both)
        return torch.cat((self.flat(hidden), self.severity(hidden)), dim=-1)


class TemporalHead(nn.Module):
    """A transformer over the frames of a video and its prompt, to `logits` [B, 1 + labels].

    Four layers of 768 with eight heads as in the published recipe; the prompt is one more token in front.
    """

    def __init__(
        self, *, width: int, labels: int, frames: int = 8, hidden: int = 768, layers: int = 4, heads: int = 8
    ) -> None:
        super().__init__()
        self.width = width
        self.seen = nn.Linear(width, hidden)
        self.asked = nn.Linear(width, hidden)
        self.places = nn.Parameter(torch.zeros(1, frames + 1, hidden))
        nn.init.normal_(self.places, std=0.02)
        layer = nn.TransformerEncoderLayer(
            hidden, heads, 4 * hidden, dropout=0.1, activation="gelu", batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(hidden)
        self.flat = nn.Linear(hidden, 1 + labels)

    def forward(self, frames: torch.Tensor, prompt: torch.Tensor) -> torch.Tensor:
        """Logits of unit vectors [B, frames, D] and [B, D]."""
        tokens = torch.cat((self.asked(prompt).unsqueeze(1), self.seen(frames)), dim=1)
        hidden = self.norm(self.layers(tokens + self.places))
        found: torch.Tensor = self.flat(hidden.mean(dim=1))
        return found


class Ordinal(nn.Module):
    """One score and three cuts that never fall: cumulative logits of severity."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.score = nn.Linear(hidden, 1)
        self.cuts = nn.Parameter(torch.tensor([0.0, 0.5, 0.5]))

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Logits [B, 3] of P(severity at least 1, 2, 3)."""
        steps = torch.cat((self.cuts[:1], functional.softplus(self.cuts[1:])))
        made: torch.Tensor = self.score(hidden) - steps.cumsum(0)
        return made


def loss(
    logits: torch.Tensor, *, unsafe: torch.Tensor, labels: torch.Tensor, severity: torch.Tensor | None = None
) -> torch.Tensor:
    """Binary cross entropy of unsafe [B] and labels [B, L], and of severity [B] (0..3, -1 unknown) if given."""
    count = labels.shape[1]
    total = functional.binary_cross_entropy_with_logits(logits[:, 0], unsafe)
    total = total + functional.binary_cross_entropy_with_logits(logits[:, 1 : 1 + count], labels)
    if severity is None or not bool((severity >= 0).any()):
        return total
    known = severity >= 0
    levels = torch.arange(1, LEVELS + 1, device=severity.device)
    reached = (severity[known].unsqueeze(1) >= levels).float()
    weight = torch.tensor((1.0, *SEVERITY_WEIGHT), device=severity.device)[severity[known]]
    each = functional.binary_cross_entropy_with_logits(logits[known, 1 + count :], reached, reduction="none").mean(1)
    return total + (each * weight).sum() / weight.sum()
