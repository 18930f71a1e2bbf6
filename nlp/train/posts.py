"""Texts of real posts by id, and of the parts of long ones, which are labelled as posts.

A part is real text that says something else than the whole: which sentence decides, the judge
learns where the label changes with what is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from nlp.train.lines import Row, rows

LONGEST = 700  # of a labelled post, in characters: as much as its annotators were shown
SHORTEST = 200  # of a later piece of a longer post
HALVED = 240  # from this length on a post's two halves are posts of their own
HALF_AT_LEAST = 4  # as a share of the post: one part of so many
HALVES = ("head", "tail")
PART = "#"  # between a post's id and which part of it is meant

_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+")


def whole(id_: str) -> str:
    """The id of the post that this is, or is a part of."""
    return id_.partition(PART)[0]


def posts(data: Path) -> dict[str, str]:
    """Texts of all real posts by id, as annotators saw them; a long post's later pieces too."""
    found: dict[str, str] = {}
    for name in ("bank_reviews_ru", "otzovik_reviews_ru", "app_reviews_ru", "brand_tweets_ru"):
        file = data / f"{name}.jsonl"
        if file.is_file():
            found.update(rows(file, shown))
    return found


def shown(row: Row) -> Iterator[tuple[str, str]]:
    """A post's id and its text, a review's title, pros and cons before it; then its parts."""
    text = str(row["text"])
    if "pros" in row:
        title = (row["title"] or "").strip()
        text = f"{title}. Плюсы: {row['pros']} Минусы: {row['cons']} {text}"
    seen = text if len(text) <= LONGEST else text[: LONGEST - 1].rstrip() + "…"
    yield row["id"], seen
    if len(seen) >= HALVED:
        yield from zip((f"{row['id']}{PART}{half}" for half in HALVES), halves(seen), strict=False)
    for number, piece in enumerate(pieces(text)[1:], start=2):
        if len(piece) >= SHORTEST:
            yield f"{row['id']}{PART}{number}", piece


def halves(text: str) -> list[str]:
    """Parted at the end of a sentence as near to the middle as can be, if there is one."""
    ends = [found.span() for found in _SENTENCE_END.finditer(text)]
    if not ends:
        return []
    end, start = min(ends, key=lambda span: abs(span[0] - len(text) / 2))
    found = [text[:end], text[start:]]
    return found if min(map(len, found)) * HALF_AT_LEAST >= len(text) else []


def pieces(text: str) -> list[str]:
    """Runs of whole sentences, each as long as an annotator is shown; a longer sentence is cut."""
    found = [""]
    for sentence in _SENTENCE_END.split(text):
        longer = f"{found[-1]} {sentence}".strip()
        if len(longer) <= LONGEST:
            found[-1] = longer
        else:
            found.append(sentence[:LONGEST])
    return found
