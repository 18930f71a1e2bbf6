"""The network while it learns: one encoder, and for every head a linear answer on two means."""

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
    """A head reads the mean of the last hidden states, and their mean as its gate weighs them.

    One of a post's sentences decides its urgency, and another one may name its topic.
    """

    def __init__(self, trunk: nn.Module, hidden: int) -> None:
        super().__init__()
        self.trunk = trunk
        self.dropout = nn.Dropout(DROPOUT)
        self.head = nn.Linear(hidden, WIDTH)
        self.gate = nn.Linear(hidden, len(SPANS))
        self.focus = nn.Linear(hidden, WIDTH, bias=False)
        for part in (*self.gate.parameters(), *self.focus.parameters()):
            nn.init.zeros_(part)  # a gate that draws nowhere, to an answer that does not yet count

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Logits (rows, WIDTH)."""
        states = self.trunk(input_ids=ids, attention_mask=mask).last_hidden_state
        kept = mask.unsqueeze(-1)
        mean = (states * kept).sum(1) / kept.sum(1)
        drawn = self.gate(states).float().masked_fill(kept == 0, -torch.inf)
        weights = drawn.softmax(1).to(states.dtype)
        focused = self.dropout(weights.transpose(1, 2) @ states)
        seen = [
            nnf.linear(focused[:, place], self.focus.weight[span])
            for place, span in enumerate(SPANS.values())
        ]
        logits: Tensor = self.head(self.dropout(mean)) + torch.cat(seen, dim=-1)
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
