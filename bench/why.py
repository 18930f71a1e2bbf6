"""Whether an urgency hangs on the words that are shown for it: take words away, and judge again.

    python -m bench.why [--model DIR] [--data FILE] [--posts 200] [--seed 1]

Of each post judged high or critical, the words shown are taken away, then as many at random, then
those whose loss alone costs most (the truth, at the price of one judgement for every word).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import click
import numpy as np

from bench.texts import demo, given
from nlp.encoding import plain
from nlp.judge import SHIPPED, Judge, JudgeInput, Judgement
from nlp.onnx_judge import OnnxJudge
from nlp.why import words

URGENT = ("high", "critical")
FEWEST = 8  # words of a post: of fewer, any choice is nearly the same
COUNTS = (1, 3, 5)
DRAWS = 5
Drops = Mapping[int, float]  # mean fall of the said urgency's probability, by words taken away


@dataclass(frozen=True, slots=True)
class Deletion:
    """What became of the said urgency's probability, on average over the posts."""

    posts: int
    shown: Drops
    random: Drops
    best: Drops
    overlap: float  # of the shown words with the best, as a share of the shown


@dataclass(frozen=True, slots=True)
class _Post:
    given: JudgeInput
    judgement: Judgement
    words: tuple[str, ...]  # folded, each once

    @property
    def shown(self) -> list[str]:
        return [word.casefold() for word in self.judgement.why]


def without(text: str, gone: Collection[str]) -> str:
    """The text with these words (folded) blanked, wherever they stand."""
    for word, (start, end) in reversed(words(text)):
        if word.casefold() in gone:
            text = text[:start] + text[end:]
    return text


def deletion(judge: Judge, inputs: Sequence[JudgeInput], *, seed: int = 1) -> Deletion:
    draw = Random(seed)  # noqa: S311 - draws words, guards nothing
    posts = _urgent(judge, inputs)
    if not posts:
        raise click.ClickException(f"no urgent post with {FEWEST} words or more among these")
    alone = _drops(judge, posts, [[{word} for word in post.words] for post in posts])
    best = [
        [word for _, word in sorted(zip(falls, post.words, strict=True), reverse=True)]
        for post, falls in zip(posts, alone, strict=True)
    ]
    shared = [
        len(set(post.shown) & set(most[: len(post.shown)])) / len(post.shown)
        for post, most in zip(posts, best, strict=True)
    ]
    by_count: dict[int, tuple[float, float, float]] = {}
    for count in COUNTS:
        tried = [
            [set(shown), set(most[: len(shown)])]
            + [set(draw.sample(post.words, len(shown))) for _ in range(DRAWS)]
            for post, most in zip(posts, best, strict=True)
            for shown in [post.shown[:count]]
        ]
        found = np.array(_drops(judge, posts, tried))
        by_count[count] = (found[:, 0].mean(), found[:, 2:].mean(), found[:, 1].mean())
    shown, random, top = (
        {count: float(falls[at]) for count, falls in by_count.items()} for at in range(3)
    )
    return Deletion(len(posts), shown, random, top, float(np.mean(shared)))


def _urgent(judge: Judge, inputs: Sequence[JudgeInput]) -> list[_Post]:
    """Posts long enough, as they are read: what is taken away is then all that changes."""
    read = [JudgeInput(plain(each.text), each.brand) for each in inputs]
    found = []
    for each, judgement in zip(read, judge(read), strict=True):
        distinct = tuple(dict.fromkeys(word.casefold() for word, _ in words(each.text)))
        if judgement["urgency"] in URGENT and judgement.why and len(distinct) >= FEWEST:
            found.append(_Post(each, judgement, distinct))
    return found


def _drops(
    judge: Judge, posts: Sequence[_Post], gone: Sequence[Sequence[Collection[str]]]
) -> list[list[float]]:
    """For each post, and each choice of words to go, how far the probability falls."""
    asked = [
        JudgeInput(without(post.given.text, choice), post.given.brand)
        for post, choices in zip(posts, gone, strict=True)
        for choice in choices
    ]
    answers = iter(judge(asked))
    found = []
    for post, choices in zip(posts, gone, strict=True):
        level = post.judgement["urgency"]
        before = post.judgement.probabilities["urgency"][level]
        found.append([before - next(answers).probabilities["urgency"][level] for _ in choices])
    return found


@click.command
@click.option("--model", type=click.Path(path_type=Path), default=SHIPPED)
@click.option("--data", type=click.Path(path_type=Path), help="Texts instead of the demo's.")
@click.option("--posts", default=200, show_default=True, help="Urgent or not.")
@click.option("--seed", default=1, show_default=True)
def command(*, model: Path, data: Path | None, posts: int, seed: int) -> None:
    """Print how far the said urgency falls without the words shown, random ones, the best ones."""
    inputs = given(data, posts) if data else demo()[:posts]
    found = deletion(OnnxJudge.load(model), inputs, seed=seed)
    click.echo(f"{found.posts} urgent posts of {len(inputs)}; mean fall of the said urgency")
    click.echo("words away   shown   random     best")
    for count in COUNTS:
        falls = (found.shown[count], found.random[count], found.best[count])
        click.echo(f"{count:10}" + "".join(f"{fall:9.3f}" for fall in falls))
    click.echo(f"{found.overlap:.0%} of the words shown are among the best as many")


if __name__ == "__main__":
    command()
