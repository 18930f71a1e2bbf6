"""Which words of a post moved its urgency most: their exact share in the judge's own answer.

The answer is linear in two means of the last states, so what each token adds to it is known, at the
price of two small products (docs/decisions/0052). It is a share in the answer and not what would be
without the word; how near the two are is measured by taking words away (``bench.why``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mentions.model import MAX_WHY, MAX_WORD, Urgency
from nlp.encoding import Place
from nlp.labels import said

_PART = r"(?:[^\W_][\u0300-\u036f]*)+"  # й and ё may be written as two characters
# No words of the post: accounts, what is left of markup, and what `plain` writes for a link.
_WORD = re.compile(rf"@\w+(?:[.-]\w+)*|&#?\w+;|\blink\b|(?P<word>{_PART}(?:[-'’]{_PART})*)")


def words(text: str) -> list[tuple[str, Place]]:
    """The words of a text and where they stand; marks, signs, accounts and links are none."""
    return [(found["word"], found.span()) for found in _WORD.finditer(text) if found["word"]]


def direction(shares: Mapping[str, float]) -> NDArray[np.float64]:
    """Along the logits of urgency: the level answered up, the others down by likelihood."""
    towards: NDArray[np.float64] = -np.array(list(shares.values()), np.float64)
    up = list(shares).index(said("urgency", shares))
    towards[up] = 0.0
    towards /= max(-towards.sum(), 1e-12)
    towards[up] = 1.0
    return towards


def weights(text: str, places: Sequence[Place], added: Sequence[float]) -> dict[str, float]:
    """What each word adds, wherever it stands, by its folded form; words not read have none.

    Each token counts by what it adds beyond the post's usual token, or words of many pieces lead.
    """
    own = [part for part, (start, end) in zip(added, places, strict=True) if end > start]
    usual = sum(own) / max(len(own), 1)
    owner = {at: word.casefold() for word, place in words(text) for at in range(*place)}
    found: dict[str, float] = {}
    for part, place in zip(added, places, strict=True):
        for word in {owner[at] for at in range(*place) if at in owner}:
            found[word] = found.get(word, 0.0) + part - usual
    return found


def moving_words(text: str, places: Sequence[Place], added: Sequence[float]) -> tuple[str, ...]:
    """The words that add most, most first, as they are first written; none below the usual."""
    found = weights(text, places, added)
    written: dict[str, str] = {}
    for word, _ in words(text):
        written.setdefault(word.casefold(), word)
    most = sorted(found, key=lambda word: -found[word])[:MAX_WHY]
    return tuple(written[word][:MAX_WORD] for word in most if found[word] > 0)


def judged_low(shares: Mapping[str, float]) -> bool:
    """Nobody asks why a post may wait for ever."""
    return said("urgency", shares) == Urgency.LOW
