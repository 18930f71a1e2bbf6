"""The challenge set is sound, and the shipped judge passes as much of it as it did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby

import click
import pytest

from nlp.challenge import ALL, CHALLENGE, PAIRS, POSTS, Passed, Post, challenge, read_challenge
from nlp.figures import as_markdown
from nlp.judge import JudgeInput, Judgement
from nlp.labels import FIELDS
from nlp.load import load_judge

# Share of posts that are right, by phenomenon: a little below what the shipped weights reach.
# When new weights are shipped, this table is set anew from what the test prints (`pytest -s`).
FLOORS: Mapping[str, float] = {
    "irony": 0.57,
    "negation": 0.63,
    "solved": 0.80,
    "news": 0.86,
    "advert": 0.88,
    "brand_answer": 0.80,
    "two_brands": 0.58,
    "figurative": 0.69,
    "calm_critical": 0.75,
    "furious_harmless": 0.77,
    "past_open": 0.83,
    "third_party": 0.88,
    "en": 0.79,
    "ru": 0.80,
    ALL: 0.79,
}

POSTS_READ = read_challenge()


class Always:
    """Says the same of everything."""

    model = "always@0"

    def __init__(self, **labels: str) -> None:
        self.labels = labels

    def __call__(self, inputs: Sequence[JudgeInput]) -> list[Judgement]:
        answer = {field: {label: 1.0} for field, label in self.labels.items()}
        return [Judgement(answer) for _ in inputs]


def below_floors(passed: Passed) -> list[str]:
    reached = {name: row["figures"][POSTS]["value"] for name, row in passed.table.items()}
    return [name for name, floor in FLOORS.items() if reached[name] < floor]


def test_the_shipped_judge_stays_above_the_floors() -> None:
    passed = challenge(load_judge())
    click.echo(f"\n{as_markdown(passed.table, CHALLENGE)}")
    assert below_floors(passed) == []


@pytest.mark.parametrize("sentiment", FIELDS["sentiment"])
def test_a_judge_that_does_not_read_is_below_them(sentiment: str) -> None:
    always = Always(sentiment=sentiment, urgency="normal", topic="product", intent="complaint")
    assert set(below_floors(challenge(always))) >= FLOORS.keys() - {"irony", "two_brands"}


def test_every_phenomenon_has_a_floor() -> None:
    assert {post.phenomenon for post in POSTS_READ} == FLOORS.keys() - {ALL, "en", "ru"}


def test_the_set_is_large_enough_and_half_of_it_is_english() -> None:
    assert len(POSTS_READ) >= 300
    languages = Counter(post.lang for post in POSTS_READ)
    assert languages["ru"] == languages["en"]
    assert len({post.id for post in POSTS_READ}) == len(POSTS_READ)


def test_every_label_is_one_of_ours() -> None:
    for post in POSTS_READ:
        assert post.expect
        assert all(label in FIELDS[field] for field, label in post.expect.items()), post.id


def test_posts_of_a_pair_differ_in_what_is_right() -> None:
    for pair, posts in groupby(POSTS_READ, key=lambda post: post.pair):
        expected = [dict(post.expect) for post in posts]
        assert len(expected) in {2, 3}, pair
        assert any(one != expected[0] for one in expected[1:]), pair


def test_a_pair_is_right_only_if_all_its_posts_are() -> None:
    posts = [post for post in POSTS_READ if post.pair == "irony-001"]
    right = [Judgement({field: {label: 1.0} for field, label in p.expect.items()}) for p in posts]
    assert rates(posts, right) == (1, 1)
    assert rates(posts, [right[0], right[0]]) == (0.5, 0)


def rates(posts: Sequence[Post], judgements: Sequence[Judgement]) -> tuple[float, float]:
    figures = Passed(posts, judgements).table[ALL]["figures"]
    return figures[POSTS]["value"], figures[PAIRS]["value"]
