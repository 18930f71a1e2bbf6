"""Texts of real posts by id, and of the parts of long ones, which are labelled as posts.

A part is real text that says something else than the whole: which sentence decides, the judge
learns where the label changes with what is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from nlp.train.lines import Row, rows

LONGEST = 700  # of a labelled post, in characters: as much as its annotators were shown
SHORTEST = 200  # of a later piece of a longer post
HALVED = 240  # from this length on a post's halves are posts of their own
PART_LEAST, PART_MOST = 0.25, 0.75  # of a post, in characters
CUTS = {"head": (0.0, 0.5), "tail": (0.5, 1.0), "middle": (0.25, 0.75)}
PART = "#"  # between a post's id and which part of it is meant

_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+")
_NEXT_SENTENCE = re.compile(rf"{_SENTENCE_END.pattern}|\s+(?=(?:Плюсы|Минусы):)")


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
        for name, (start, end) in CUTS.items():
            part = cut(seen, start, end)
            if PART_LEAST <= len(part) / len(seen) <= PART_MOST:
                yield f"{row['id']}{PART}{name}", part
    for number, piece in enumerate(pieces(text)[1:], start=2):
        if len(piece) >= SHORTEST:
            yield f"{row['id']}{PART}{number}", piece


def cut(text: str, start: float, end: float) -> str:
    """From the end of a sentence nearest to one share of a text to that nearest to another.

    Empty if a text has no such sentence.
    """
    ends = [found.span() for found in _SENTENCE_END.finditer(text)]
    if not ends:
        return ""

    def nearest(share: float) -> tuple[int, int]:
        return min(ends, key=lambda span: abs(span[0] - share * len(text)))

    return text[nearest(start)[1] if start else 0 : nearest(end)[0] if end < 1 else None]


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


def edited(text: str, edit: Mapping[str, str | None]) -> str:
    """A post with a few sentences changed: ``{"3": new, "5": None, "6+": added after the sixth}``.

    Their numbers start with 1; a review's pros and cons begin new ones. Raises ValueError if there
    is no such sentence.
    """
    told: dict[str, str | None] = {"0+": None}
    for number, sentence in enumerate(filter(None, _NEXT_SENTENCE.split(text)), start=1):
        told |= {f"{number}": sentence, f"{number}+": None}
    if unknown := edit.keys() - told.keys():
        raise ValueError(f"no sentence {', '.join(sorted(unknown))} to edit")
    return " ".join(filter(None, {**told, **edit}.values()))
