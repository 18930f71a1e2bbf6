"""Which rows make which batch of which epoch: fixed by the seed before the first step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from random import Random

from nlp.train.examples import Example
from nlp.train.sets import MORE_SETS, SETS, DataSet

POOL_BATCHES = 40  # batches sorted by length together: little padding, still well mixed

Length = Callable[[Example], int]


def characters(example: Example) -> int:
    """Where no tokenizer is at hand; a batch sorted by tokens has a sixth less padding."""
    return len(example.text)


@dataclass(frozen=True, slots=True)
class Planned:
    """A row of one batch: which example, called by which name, counting how much."""

    example: Example
    name: str | None
    weight: float


def chance(*parts: object) -> float:
    """A number in [0, 1) that depends on nothing but its arguments."""
    digest = sha256("\0".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


@dataclass(frozen=True, slots=True)
class Mix:
    """How rows are drawn."""

    seed: int
    epochs: int
    batch_rows: int

    def plan(
        self, sets: Mapping[str, Sequence[Example]], length: Length = characters
    ) -> list[list[Planned]]:
        """All batches of the run, in order. ``length`` says which rows are alike."""
        return [batch for epoch in range(self.epochs) for batch in self._epoch(epoch, sets, length)]

    def _epoch(
        self, epoch: int, sets: Mapping[str, Sequence[Example]], length: Length
    ) -> list[list[Planned]]:
        rows = [
            Planned(example, self._name(epoch, example, wanted), wanted.weight)
            for wanted in (*SETS, *MORE_SETS)
            for example in sets.get(wanted.file, ())
            if self._shown(epoch, example, wanted)
        ]
        draw = Random(f"{self.seed}/{epoch}")  # noqa: S311 - shuffles rows, guards nothing
        draw.shuffle(rows)
        pool = self.batch_rows * POOL_BATCHES
        batches = [
            ordered[at : at + self.batch_rows]
            for start in range(0, len(rows), pool)
            for ordered in [sorted(rows[start : start + pool], key=lambda r: length(r.example))]
            for at in range(0, len(ordered), self.batch_rows)
        ]
        draw.shuffle(batches)
        return batches

    def _shown(self, epoch: int, example: Example, wanted: DataSet) -> bool:
        share = wanted.neutral_share if _neutral(example) else 1.0
        if chance("kept", self.seed, example.id) >= wanted.share * share:
            return False
        times = max(1, round(wanted.passes * self.epochs))
        first = int(chance("epoch", self.seed, example.id) * self.epochs)
        return (epoch - first) % self.epochs < times

    def _name(self, epoch: int, example: Example, wanted: DataSet) -> str | None:
        """A brand's name must help, and must not be needed."""
        drawn = chance("name", self.seed, epoch, example.id)
        if not example.names or drawn < wanted.nameless:
            return None
        return example.names[int(drawn * 1_000_003) % len(example.names)]


def _neutral(example: Example) -> bool:
    return example.targets.get("sentiment") == (0.0, 1.0, 0.0)
