"""The network while it learns: one encoder, mean pooling, a linear answer for every head."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional as nnf

from mentions.errors import ConfigError
from nlp.train.sets import HEADS

DROPOUT = 0.1
ORDINAL = "urgency"
ORDINAL_WEIGHT = 0.5
HEAD_WEIGHT = {"sentiment": 1.0, "urgency": 1.2, "intent": 0.8, "topic": 1.0, "tone": 1.0}


def spans(heads: Mapping[str, Sequence[str]]) -> dict[str, slice]:
    """Where each head's logits lie in the one output row."""
    places, at = {}, 0
    for head, labels in heads.items():
        places[head] = slice(at, at + len(labels))
        at += len(labels)
    return places


SPANS = spans(HEADS)
WIDTH = sum(map(len, HEADS.values()))


class Net(nn.Module):
    """All heads read the mean of the last hidden states."""

    def __init__(self, trunk: nn.Module, hidden: int, width: int = WIDTH) -> None:
        super().__init__()
        self.trunk = trunk
        self.dropout = nn.Dropout(DROPOUT)
        self.head = nn.Linear(hidden, width)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        states = self.trunk(input_ids=ids, attention_mask=mask).last_hidden_state
        kept = mask.unsqueeze(-1).to(states.dtype)
        pooled = (states * kept).sum(1) / kept.sum(1)
        logits: Tensor = self.head(self.dropout(pooled))
        return logits


def from_base(base: str) -> tuple[Net, Tokenizer]:
    """The network on a pretrained BERT-like encoder, and that encoder's tokenizer."""
    from transformers import AutoModel, AutoTokenizer

    try:
        # Without dropout on attention the fused kernel can be used: four times as fast on a CPU.
        trunk = AutoModel.from_pretrained(
            base, use_safetensors=True, attention_probs_dropout_prob=0.0, dtype=torch.float32
        )
        tokenizer: Tokenizer = AutoTokenizer.from_pretrained(base).backend_tokenizer
    except (OSError, ValueError) as error:
        raise ConfigError(f"--base {base}: no encoder to start from: {error}") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    if hasattr(trunk, "pooler"):
        trunk.pooler = None  # mean pooling takes its place
    return Net(trunk, trunk.config.hidden_size), tokenizer


def loss_of(
    logits: Tensor, targets: Tensor, known: Tensor, weights: Tensor, class_weights: Tensor
) -> Tensor:
    """Cross-entropy on soft labels over the heads a row has; ordinal distance for urgency.

    Shapes: ``targets`` (rows, WIDTH), ``known`` (rows, heads), ``weights`` (rows).
    """
    total = logits.new_zeros(())
    for place, (head, span) in enumerate(SPANS.items()):
        rows = known[:, place] * weights
        scores, wanted = nnf.log_softmax(logits[:, span], dim=-1), targets[:, span]
        losses = -(scores * wanted * class_weights[span]).sum(-1)
        if head == ORDINAL:
            apart = (scores.exp() - wanted).cumsum(-1)[:, :-1]
            losses = losses + ORDINAL_WEIGHT * apart.square().sum(-1)
        total = total + HEAD_WEIGHT[head] * (losses * rows).sum()
    return total / weights.sum().clamp_min(1e-6)
