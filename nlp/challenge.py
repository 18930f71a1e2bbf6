"""Invented posts, two or three of a kind that a few words tell apart: what averages hide.

Each stands for a phenomenon: irony, a solved complaint, a figurative threat. A post is right if
every field that it names is right; a pair is right if all its posts are, which no judge reaches
that hears the angry words and not what is said with them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.bootstrap import Resamples
from nlp.evaluate import Progress, judged
from nlp.figures import Measured, Table, figure_of
from nlp.judge import Judge, JudgeInput, Judgement
from nlp.measures import Values
from nlp.train.examples import text_key
from nlp.train.split import groups

FILE = Path(__file__).with_name("challenge.jsonl")
ALL = "all"
POSTS, PAIRS = "posts right", "pairs right"
CHALLENGE = "challenge"


@dataclass(frozen=True, slots=True)
class Post:
    """One post, and the labels that any reader would give it."""

    id: str
    phenomenon: str
    lang: str
    brand: str
    text: str
    expect: Mapping[str, str]

    @property
    def pair(self) -> str:
        """Posts of a pair are told apart by the last letter of their ids."""
        return self.id[:-1]

    def wrong(self, judgement: Judgement) -> list[str]:
        return [field for field, label in self.expect.items() if judgement[field] != label]


@dataclass(frozen=True)
class Passed:
    """The posts and what a judge made of each."""

    posts: Sequence[Post]
    judgements: Sequence[Judgement]

    @cached_property
    def table(self) -> Table:
        """Pass rates by phenomenon, by language, and of all."""
        kinds = list(dict.fromkeys(post.phenomenon for post in self.posts))
        languages = sorted({post.lang for post in self.posts})
        return {
            **{
                kind: self._rates([post.phenomenon == kind for post in self.posts])
                for kind in kinds
            },
            **{code: self._rates([post.lang == code for post in self.posts]) for code in languages},
            ALL: self._rates([True] * len(self.posts)),
        }

    def _rates(self, chosen: Sequence[bool]) -> Measured:
        draws = Resamples(
            [group for group, wanted in zip(self.groups, chosen, strict=True) if wanted]
        )
        sums = draws.sums(self.tallies[np.array(chosen)])
        figures = {
            name: figure
            for name, values in rates(sums).items()
            if (figure := figure_of(values, draws))
        }
        return Measured(rows=sum(chosen), groups=draws.groups, figures=figures)

    @cached_property
    def groups(self) -> list[str]:
        """Posts of one pair, one brand or one text are drawn together."""
        return groups(
            [
                (f"pair:{p.pair}", f"brand:{p.brand.casefold()}", text_key(p.text))
                for p in self.posts
            ]
        )

    @cached_property
    def tallies(self) -> NDArray[np.float64]:
        """(posts, 4): right posts, posts, and on the first post of a pair right pairs, pairs."""
        right = [not p.wrong(j) for p, j in zip(self.posts, self.judgements, strict=True)]
        failed = {p.pair for p, is_right in zip(self.posts, right, strict=True) if not is_right}
        first = {post.pair: at for at, post in reversed(list(enumerate(self.posts)))}
        rows = [
            (right[at], 1, first[p.pair] == at and p.pair not in failed, first[p.pair] == at)
            for at, p in enumerate(self.posts)
        ]
        return np.array(rows, float)


def rates(sums: NDArray[np.float64]) -> dict[str, Values]:
    """Shares from summed tallies."""
    return {POSTS: sums[..., 0] / sums[..., 1], PAIRS: sums[..., 2] / sums[..., 3]}


def read_challenge() -> list[Post]:
    with FILE.open(encoding="utf-8") as lines:
        rows: list[dict[str, Any]] = [json.loads(line) for line in lines]
    return [Post(**row) for row in rows]


def challenge(judge: Judge, progress: Progress = lambda done, of: None) -> Passed:
    posts = read_challenge()
    return Passed(posts, judged(judge, [JudgeInput(p.text, p.brand) for p in posts], progress))
