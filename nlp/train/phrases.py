"""What runs of one to three tokens say by themselves: a linear second opinion beside the network.

The network learns its posts by heart; a table that has seen them twice errs elsewhere, so the two
together err less than either (docs/decisions/0064). A run's row in the table is drawn by a hash
of its tokens: which of two runs that share a row was meant, the other runs of a post tell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import pad

from nlp.encoding import Encoder
from nlp.judge import JudgeInput
from nlp.onnx_judge import WIDTH as SHIPPED_WIDTH
from nlp.train.examples import Example
from nlp.train.loop import Progress
from nlp.train.net import WIDTH, loss_of
from nlp.train.plan import Mix
from nlp.train.sets import EDITS
from nlp.train.tensors import Tokens, class_weights

BUCKETS = 1 << 18
LONGEST = 3  # tokens of a run
# A run's number is that of the run without its last token, times FACTOR, plus that token, modulo
# PRIME: below 2^62 all the way, so that any 64-bit integers give the same.
PRIME, FACTOR = (1 << 31) - 1, 48_271
PASSES = 2
BATCH_ROWS = 64
RATE = 0.5
TELL_EVERY = 500  # steps


class Phrases(nn.Module):
    """A post's logits: the sum of its runs' rows, divided by the root of how many it has."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(BUCKETS, WIDTH, sparse=True)
        nn.init.zeros_(self.table.weight)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        places, own = runs(ids, mask)
        said: Tensor = (self.table(places) * own.unsqueeze(-1)).sum((1, 2))
        return said / own.sum((1, 2)).sqrt().unsqueeze(-1)


def runs(ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Rows of the table (rows, tokens, lengths) by where a run starts; 0 where padding is in it.

    Shapes: ``ids`` and ``mask`` (rows, tokens), padding on the right.
    """
    numbers, masks = [ids], [mask]
    for _ in range(1, LONGEST):
        ids, mask = (pad(each[:, 1:], (0, 1)) for each in (ids, mask))
        numbers.append((numbers[-1] * FACTOR + ids) % PRIME)
        masks.append(mask)
    return torch.stack(numbers, -1) % BUCKETS, torch.stack(masks, -1)


def table_of(
    rows: Mapping[str, Sequence[Example]], tokens: Tokens, *, seed: int, progress: Progress
) -> NDArray[np.float32]:
    """What is learnt from these rows, by file: (BUCKETS, labels that ship).

    Without edits: to a table they are nearly the same posts over again.
    """
    phrases = Phrases()
    mix = Mix(seed=seed, epochs=PASSES, batch_rows=BATCH_ROWS)
    plan = mix.plan({file: found for file, found in rows.items() if file != EDITS}, tokens.length)
    weights = class_weights([row.example for batch in plan for row in batch])
    optimiser = torch.optim.Adagrad(phrases.parameters(), lr=RATE)
    schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.0, max(1, len(plan)))
    unchecked = torch.sparse.check_sparse_tensor_invariants(enable=False)  # type: ignore[no-untyped-call]
    with unchecked:  # else Adagrad warns of them
        for step, planned in enumerate(plan):
            batch = tokens.batch(planned)
            logits = phrases(batch.ids, batch.mask)
            loss = loss_of(logits, batch.targets, batch.known, batch.weights, weights)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
            if step % TELL_EVERY == 0:
                progress({"stage": "phrases", "step": step, "of": len(plan)})
    return phrases.table.weight.detach().numpy()[:, :SHIPPED_WIDTH].copy()


def opinions(
    table: NDArray[np.float32], encoder: Encoder, inputs: Sequence[JudgeInput]
) -> NDArray[np.float32]:
    """The table's logits for each input: what the exported graph adds to the network's own."""
    found = np.empty((len(inputs), table.shape[1]), np.float32)
    for at, ids in enumerate(encoder([i.text for i in inputs], [i.brand for i in inputs])):
        row = torch.tensor([ids])
        places, own = runs(row, torch.ones_like(row))
        found[at] = table[places[own > 0].numpy()].sum(0) / np.sqrt(float(own.sum()))
    return found
