"""The training run: steps, checkpoints, and going on after a cut."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor

from mentions.errors import ConfigError
from mentions.whole_file import whole_file
from nlp.train.net import Net, loss_of
from nlp.train.plan import Planned
from nlp.train.tensors import Batch, Tokens

Progress = Callable[[Mapping[str, Any]], None]
SAVE_EVERY, TELL_EVERY = 120.0, 15.0  # seconds


@dataclass(frozen=True, slots=True)
class Rates:
    """How fast the network learns."""

    trunk: float = 8e-5
    head: float = 1e-3
    warmup: float = 0.06
    decay: float = 0.01
    clip: float = 1.0


class Run:
    """A network, its optimiser and how far they are; all of it can be written and read back."""

    def __init__(self, net: Net, steps: int, seed: int, rates: Rates) -> None:
        torch.manual_seed(seed)
        self.net, self.steps, self.rates = net, steps, rates
        self.step = 0
        plain = [p for p in net.trunk.parameters() if p.ndim == 1]  # biases and norms
        heavy = [p for p in net.trunk.parameters() if p.ndim > 1]
        heads = [p for part in (net.head, net.gate, net.focus) for p in part.parameters()]
        self.optimiser = torch.optim.AdamW(
            [
                {"params": heavy, "lr": rates.trunk, "weight_decay": rates.decay},
                {"params": plain, "lr": rates.trunk, "weight_decay": 0.0},
                {"params": heads, "lr": rates.head, "weight_decay": 0.0},
            ],
            fused=True,
        )
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimiser, self._rate)

    def _rate(self, step: int) -> float:
        warm = max(1, int(self.steps * self.rates.warmup))
        if step < warm:
            return (step + 1) / warm
        return max(0.02, (self.steps - step) / max(1, self.steps - warm))

    def learn(self, batch: Batch, weights: Tensor) -> float:
        self.net.train()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = self.net(batch.ids, batch.mask)
        loss = loss_of(logits.float(), batch.targets, batch.known, batch.weights, weights)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), self.rates.clip)
        self.optimiser.step()
        self.schedule.step()
        self.step += 1
        return loss.item()

    def save(self, file: Path, identity: Mapping[str, Any]) -> None:
        """Whole or not at all: a cut while writing leaves the checkpoint before."""
        state = {
            "identity": self._whose(identity),
            "step": self.step,
            "net": self.net.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "schedule": self.schedule.state_dict(),
            "random": torch.get_rng_state(),
        }
        with whole_file(file) as out:
            torch.save(state, out)

    def load(self, file: Path, identity: Mapping[str, Any]) -> None:
        try:
            state = torch.load(file, weights_only=True)
            whose = state["identity"]
        except (EOFError, UnpicklingError, RuntimeError, KeyError, TypeError) as error:
            raise ConfigError(f"{file} is damaged: delete it and start anew") from error
        if whose != self._whose(identity):
            raise ConfigError(
                f"{file} belongs to a run with other data or options ({whose}): "
                "use the same ones, or start anew without --resume"
            )
        self.net.load_state_dict(state["net"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.schedule.load_state_dict(state["schedule"])
        torch.set_rng_state(state["random"])
        self.step = state["step"]

    def _whose(self, identity: Mapping[str, Any]) -> str:
        return json.dumps({**identity, "of": self.steps}, sort_keys=True)


@dataclass(frozen=True, slots=True)
class Course:
    """What a run is taken through."""

    plan: Sequence[Sequence[Planned]]
    tokens: Tokens
    weights: Tensor  # of the classes


def train(run: Run, course: Course, *, saved: Callable[[Run], None], progress: Progress) -> None:
    """Go from where the run stands to its end."""
    pace = Pace()
    told = kept = time.monotonic()
    for planned in course.plan[run.step :]:
        pace.add(run.learn(course.tokens.batch(planned), course.weights), len(planned))
        now, over = time.monotonic(), run.step == run.steps
        if now - told >= TELL_EVERY or over:
            told = now
            left = sum(map(len, course.plan[run.step :]))
            progress({"step": run.step, "of": run.steps, **pace.facts(left)})
        if now - kept >= SAVE_EVERY or over:
            kept = now
            saved(run)
    if not course.plan:  # a mean alone: an export that is cut goes on from it like any other
        saved(run)


class Pace:
    """How fast it goes and how well, for whoever watches."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._rows = 0
        self._loss: float | None = None

    def add(self, loss: float, rows: int) -> None:
        self._loss = loss if self._loss is None else 0.98 * self._loss + 0.02 * loss
        self._rows += rows

    def facts(self, left: int) -> dict[str, float]:
        """``left`` rows are still to come."""
        per_second = self._rows / max(time.monotonic() - self._started, 1e-6)
        return {
            "loss": round(self._loss or 0.0, 4),
            "rows_per_second": round(per_second, 1),
            "minutes_left": round(left / per_second / 60, 1),
        }
