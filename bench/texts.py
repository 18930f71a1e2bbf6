"""Posts to measure speed on: the demo's own, mixed anew until there are enough of every length."""

from __future__ import annotations

import json
import re
from pathlib import Path
from random import Random

from nlp.judge import JudgeInput

POSTS = Path(__file__).parents[1] / "molva" / "demo" / "posts"
BRANDS = ("Ромашка", "Romashka", None)
LONGEST = 40  # sentences; posts are many short ones and a few long ones
_SENTENCE = re.compile(r"(?<=[.!?…])\s+|\n+")


def invented(count: int, seed: int = 1) -> list[JudgeInput]:
    """Sentences of the demo's posts, each new post a few of them; no two posts are the same."""
    draw = Random(seed)  # noqa: S311 - mixes sentences, guards nothing
    sentences = [part for text in _texts(POSTS) for part in _SENTENCE.split(text) if part.strip()]
    found: dict[str, JudgeInput] = {}
    while len(found) < count:
        length = min(LONGEST, 1 + int(draw.expovariate(1 / 3)))
        text = " ".join(draw.choices(sentences, k=length))
        found.setdefault(text, JudgeInput(text, draw.choice(BRANDS)))
    return list(found.values())


def demo() -> list[JudgeInput]:
    """The demo's own posts, as they are, on the demo's brand."""
    return [JudgeInput(text, BRANDS[0]) for text in _texts(POSTS)]


def given(file: Path, count: int) -> list[JudgeInput]:
    """The first texts of a file of JSON lines; one that stands there twice is taken once."""
    with file.open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line, _ in zip(lines, range(count), strict=False)]
    return list({row["text"]: JudgeInput(row["text"], row.get("brand")) for row in rows}.values())


def _texts(folder: Path) -> list[str]:
    return [
        json.loads(line)["text"][:2_000]
        for file in sorted(folder.glob("*.jsonl"))
        for line in file.read_text(encoding="utf-8").splitlines()
        if line.strip()
    ]
