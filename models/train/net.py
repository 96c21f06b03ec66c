"""The network: a BERT encoder, mean and [CLS] pooling, one dense layer and all heads in one output."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import torch
from torch import nn
from torch.nn import functional
from transformers import BertConfig, BertModel

from .encode import Batch
from .rows import HEADS, SEVERITY_HEADS, UNKNOWN

MARKER_ROWS = 8
SEVERITY_WEIGHT = (1.0, 2.9, 1.2, 2.7)  # 1/sqrt(share) of minor, moderate and severe among unsafe answers


class HeadgateNet(nn.Module):
    """Maps token windows to `logits` [B, 34], columns named by `HEADS`; severity columns never rise from 1 to 3."""

    def __init__(self, encoder: BertModel) -> None:
        super().__init__()
        width = encoder.config.hidden_size
        self.encoder = encoder
        self.markers_folded = False
        self.dense = nn.Linear(2 * width, width)
        self.dropout = nn.Dropout(0.1)
        self.flat = nn.Linear(width, len(HEADS) - len(SEVERITY_HEADS))
        self.severity = nn.Linear(width, 1)
        self.cuts = nn.Parameter(torch.tensor([0.0, 0.5, 0.5]))
        self.marker_rows = nn.Parameter(encoder.embeddings.word_embeddings.weight[:MARKER_ROWS].detach().clone())
        self.marker_scale = nn.Parameter(torch.ones(MARKER_ROWS, len(HEADS)), requires_grad=False)
        self.marker_bias = nn.Parameter(torch.zeros(MARKER_ROWS, len(HEADS)), requires_grad=False)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
                ) -> torch.Tensor:  # fmt: skip
        """Logits [B, 34] of int64 inputs [B, L]; the marker at position 1 selects a fixed scale and bias."""
        raw = self.raw_logits(input_ids, attention_mask, token_type_ids)
        marker = input_ids[:, 1]
        return raw * self.marker_scale[marker] + self.marker_bias[marker]

    def raw_logits(self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
                   ) -> torch.Tensor:  # fmt: skip
        """Logits before the per-marker calibration."""
        words = self.encoder.embeddings.word_embeddings(input_ids)
        if not self.markers_folded:
            marked = self.marker_rows[input_ids[:, 1]].unsqueeze(1)
            words = torch.cat((words[:, :1], marked, words[:, 2:]), dim=1)
        hidden = self.encoder(
            inputs_embeds=words,
            attention_mask=attention_mask,
            token_type_ids=token_type_ids,
        ).last_hidden_state
        kept = attention_mask.unsqueeze(-1).to(hidden.dtype)
        mean = (hidden * kept).sum(1) / kept.sum(1)
        pooled = functional.gelu(self.dense(torch.cat((mean, hidden[:, 0]), dim=-1)))
        pooled = self.dropout(pooled)
        flat = self.flat(pooled)
        steps = torch.cat((self.cuts[:1], functional.softplus(self.cuts[1:])))
        ordered = self.severity(pooled) - torch.cumsum(steps, 0)
        return torch.cat((flat[:, :1], ordered, flat[:, 1:]), dim=-1)


def build(base: Path, *, attention: str = "eager") -> HeadgateNet:
    """Load the base checkpoint and put fresh heads on it; the word embeddings stay frozen but for the markers.

    The encoder trains without dropout: no row is seen often enough to be learned by heart, and it costs a sixth.
    """
    encoder = BertModel.from_pretrained(
        str(base),
        add_pooling_layer=False,
        attn_implementation=attention,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    net = HeadgateNet(encoder)
    encoder.embeddings.word_embeddings.weight.requires_grad = False
    return net


def empty(base: Path, *, attention: str = "eager") -> HeadgateNet:
    """The same shape without weights, for loading a checkpoint."""
    config = BertConfig.from_pretrained(str(base), attn_implementation=attention)
    return HeadgateNet(BertModel(config, add_pooling_layer=False))


def load_weights(net: HeadgateNet, checkpoint: Path) -> None:
    """Take the weights of a checkpoint, without its optimiser."""
    net.load_state_dict(torch.load(checkpoint, map_location="cpu", weights_only=True)["net"])


class Share(msgspec.Struct, frozen=True):
    """A checkpoint and how much it weighs in a mean."""

    checkpoint: Path
    weight: float


def average(shares: Sequence[Share], out: Path) -> Path:
    """Write the weighted mean of the weights of checkpoints that began at one base; returns `out`.

    What the end learned of its narrower rows and what the middle still knew of others both stay, which holds up better
    on unseen kinds of text (weight-space ensembles, arXiv 2109.01903), and what one seed made of chance shrinks (model
    soups, arXiv 2203.05482). The state is the sum of those of the last checkpoint of each folder.
    """
    mean: dict[str, torch.Tensor] = {}
    last: dict[Path, dict[str, float]] = {}
    total = sum(share.weight for share in shares)
    for share in shares:
        held = torch.load(share.checkpoint, map_location="cpu", weights_only=True)
        for name, value in held["net"].items():
            part = value * (share.weight / total)
            mean[name] = mean[name] + part if name in mean else part
        seen = last.setdefault(share.checkpoint.parent, held["state"])
        last[share.checkpoint.parent] = max(seen, held["state"], key=lambda state: state["rows"])
    state = {key: sum(one[key] for one in last.values()) for key in next(iter(last.values()))}
    torch.save({"net": mean, "state": state}, out)
    return out


def loss(logits: torch.Tensor, batch: Batch, smoothing: float = 0.03) -> torch.Tensor:
    """Sum over rows of the weighted losses of all heads, and over couples of a ranking loss.

    Unknown targets count nothing.
    """
    unsafe = _bce(logits[:, 0], batch.unsafe, smoothing + 0.1 * (1 - batch.weight))
    severity = _ordinal(logits[:, 1:4], batch.severity)
    sensitive = _bce(logits[:, 4], batch.sensitive, 0.0)
    refusal = _bce(logits[:, 5], batch.refusal, 0.0)
    each = _bce(logits[:, 6:], batch.categories, 0.01)
    attack = each[:, HEADS.index("prompt_attack") - 6]
    total = unsafe + 0.3 * severity + 0.5 * sensitive + 0.3 * refusal + 0.1 * each.sum(-1) + 0.7 * attack
    return (total * batch.weight).sum() + _apart(logits[:, 0], batch)


def _apart(unsafe: torch.Tensor, batch: Batch) -> torch.Tensor:
    # What twins share cancels out of their difference, so that this teaches nothing but what sets them apart.
    rivals = (batch.couple.unsqueeze(1) == batch.couple) & (batch.couple >= 0)
    rivals &= (batch.unsafe > 0.5).unsqueeze(1) & (batch.unsafe >= 0) & (batch.unsafe <= 0.5)
    return (functional.softplus(unsafe - unsafe.unsqueeze(1)) * rivals).sum()


def _bce(logits: torch.Tensor, target: torch.Tensor, smoothing: float | torch.Tensor) -> torch.Tensor:
    known = (target != UNKNOWN).to(logits.dtype)
    soft = target.clamp(min=0) * (1 - smoothing) + 0.5 * smoothing
    return functional.binary_cross_entropy_with_logits(logits, soft, reduction="none") * known


def _ordinal(logits: torch.Tensor, severity: torch.Tensor) -> torch.Tensor:
    steps = torch.arange(1, 4, device=severity.device)
    target = (severity.unsqueeze(-1) >= steps).to(logits.dtype)
    each = functional.binary_cross_entropy_with_logits(logits, target, reduction="none").mean(-1)
    weight = torch.tensor(SEVERITY_WEIGHT, device=severity.device)[severity.clamp(min=0)]
    return each * weight * (severity >= 0)
