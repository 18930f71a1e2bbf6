"""What a judge is worth on rows it was not trained on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from nlp.figures import Answers, Measured, Table, measure
from nlp.judge import Judge, JudgeInput, Judgement
from nlp.labels import FIELDS
from nlp.trades import trades_of
from nlp.train.examples import Example, Side, repost_key, traces
from nlp.train.sets import MORE, read_all, read_held
from nlp.train.split import groups, split

TOGETHER = 512  # rows judged between two words of progress
TRIAGE = ("invented", "real")  # the sets that have every field, and of more than one trade

Progress = Callable[[int, int], None]  # done, of how many


def held_back(data: Path, more: Path = MORE) -> list[Example]:
    """The rows of these files that no training run may see, with at least one of our fields.

    A row of which a re-post was trained on says nothing and is left out. With the posts come the
    labelled parts of them.
    """
    sides = split(example for found in read_all(data).values() for example in found)
    trained_on = {repost_key(example.text) for example in sides[Side.TRAIN]}
    held = [
        example
        for example in sides[Side.HELD]
        if FIELDS.keys() & example.targets.keys() and repost_key(example.text) not in trained_on
    ]
    whole = {key for example in held for key in example.keys}
    return held + [part for part in read_held(more, data) if not whole.isdisjoint(part.keys)]


def asked(example: Example) -> JudgeInput:
    """As the brand's first name; the others are only for training."""
    return JudgeInput(example.text, example.names[0] if example.names else None)


def truth(example: Example, field: str) -> int:
    return int(np.argmax(example.targets[field]))


@dataclass(frozen=True, slots=True)
class Row:
    """A held-back row and what the judge made of it; rows of one group are drawn together."""

    example: Example
    judgement: Judgement
    group: str
    trade: str

    def wrong(self) -> list[str]:
        """The fields that it got wrong."""
        return [
            field
            for field in self.example.targets
            if self.judgement[field] != FIELDS[field][truth(self.example, field)]
        ]


@dataclass(frozen=True)
class Evaluation:
    """Judged rows, and the tables made of them."""

    rows: Sequence[Row]

    @cached_property
    def sets(self) -> Table:
        """Measures of each set, and within it of each language if there are two."""
        table: Table = {}
        for part in self.parts:
            of_part = self.of_part(part)
            table[part] = measured(of_part)
            languages = sorted({row.example.language for row in of_part})
            for language in languages if len(languages) > 1 else []:
                chosen = [row for row in of_part if row.example.language == language]
                table[f"{part} {language}"] = measured(chosen)
        return table

    @cached_property
    def trades(self) -> Table:
        """Measures of each trade within the sets that have several."""
        table: Table = {}
        for part in TRIAGE:
            of_part = self.of_part(part)
            for trade in sorted({row.trade for row in of_part}):
                table[f"{part} {trade}"] = measured([r for r in of_part if r.trade == trade])
        return table

    @cached_property
    def confusions(self) -> dict[str, dict[str, list[list[int]]]]:
        """{set: {field: counts by (true label, said label)}}."""
        return {
            part: {
                field: found.confusions().sum(0).astype(int).tolist()
                for field, found in answers(self.of_part(part)).items()
            }
            for part in self.parts
        }

    @property
    def parts(self) -> list[str]:
        return sorted({row.example.part for row in self.rows})

    def of_part(self, part: str) -> list[Row]:
        return [row for row in self.rows if row.example.part == part]


def evaluate(
    judge: Judge, examples: Sequence[Example], progress: Progress = lambda done, of: None
) -> Evaluation:
    """Judge the rows and keep what comes of it; measuring is up to the tables."""
    judgements = judged(judge, [asked(example) for example in examples], progress)
    names = groups([traces(example) for example in examples])
    columns = zip(examples, judgements, names, trades_of(examples), strict=True)
    return Evaluation([Row(*column) for column in columns])


def judged(judge: Judge, inputs: Sequence[JudgeInput], progress: Progress) -> list[Judgement]:
    found: list[Judgement] = []
    for at in range(0, len(inputs), TOGETHER):
        found.extend(judge(inputs[at : at + TOGETHER]))
        progress(len(found), len(inputs))
    return found


def measured(rows: Sequence[Row]) -> Measured:
    return measure(answers(rows), [row.group for row in rows])


def answers(rows: Sequence[Row]) -> Mapping[str, Answers]:
    """By field, of those that at least one row has."""
    return {field: _of_field(rows, field) for field in FIELDS if _any_has(rows, field)}


def _any_has(rows: Iterable[Row], field: str) -> bool:
    return any(field in row.example.targets for row in rows)


def _of_field(rows: Sequence[Row], field: str) -> Answers:
    known = [field in row.example.targets for row in rows]
    true = [
        truth(row.example, field) if is_known else 0
        for row, is_known in zip(rows, known, strict=True)
    ]
    said = [FIELDS[field].index(row.judgement[field]) for row in rows]
    shares = [list(row.judgement.probabilities[field].values()) for row in rows]
    return Answers(np.array(true), np.array(said), np.array(shares), np.array(known))
