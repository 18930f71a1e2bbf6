"""Which language a text is in: Russian, English, another one, or none at all.

The judge knows two languages. For anything else its opinion is not to be trusted, and a person
looks. Scripts decide most cases; letters that Russian lacks and common words decide the rest. A
language library would know a hundred more and cost more than the judge itself.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from nlp.encoding import plain

MIN_LETTERS = 2
MIN_RUSSIAN = 0.2  # of the letters: Russian posts are full of Latin brand names
MAX_FOREIGN = 0.02  # of the Cyrillic letters, of those that Russian does not have
ENOUGH_WORDS = 8  # Latin words after which the absence of any common English one means something

_NOT_WORDS = re.compile(r"\blink\b|@\w+")  # a hashtag may well hold an opinion
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_RUSSIAN = frozenset("абвгдеёжзийклмнопрстуфхцчшщъыьэюя")


def _words(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())


_ENGLISH = _words(
    "the be to of and a in that have i it for not on with he as you do at this but his by from",
    "they we say her she or an will my one all would there their what so up out if about who get",
    "which go me when make can like time no just him know take into your good some could them see",
    "other than then now only its over also back after use how our work first well way even new",
    "want because any these give most us is are was were been has had did don't it's i'm can't",
    "isn't won't didn't doesn't they're you're i've still very please thanks thank why never again",
    "more too off down where here being got im dont cant app service really",
)
_OTHER = (
    _words(
        "der das und ist nicht ich ein eine mit auf für den von zu sie wir",  # German
        "le la des et est je que pas une pour dans qui vous avec sur",  # French
        "el los las y que en un una por para es se del",  # Spanish
        "il che di non sono della ho",  # Italian
        "o os que não um uma com da em",  # Portuguese
        "bir ve bu çok için de ile ne değil",  # Turkish
        "nie się na jest że jak ale od",  # Polish
        "och att det som är inte jag för på av",  # Swedish
        "het een van ik niet dat voor zijn",  # Dutch
    )
    - _ENGLISH
)


@dataclass(frozen=True, slots=True)
class Language:
    """``code`` is ru, en, other or none; ``doubt`` says why a judgement is not to be trusted."""

    code: str
    doubt: str | None = None


RUSSIAN, ENGLISH = Language("ru"), Language("en")
OTHER, NONE = Language("other", "language"), Language("none", "no_text")


def detect(text: str) -> Language:
    words = plain(text)
    letters = [c for c in _NOT_WORDS.sub(" ", words).casefold() if c.isalpha()]
    if len(letters) < MIN_LETTERS:
        return NONE
    cyrillic, latin = _of_script(letters, "CYRILLIC"), _of_script(letters, "LATIN")
    if max(len(cyrillic), len(latin)) * 2 < len(letters):
        return OTHER
    if len(cyrillic) >= MIN_RUSSIAN * len(letters):
        foreign = sum(letter not in _RUSSIAN for letter in cyrillic)
        return OTHER if foreign > MAX_FOREIGN * len(cyrillic) else RUSSIAN
    return _latin(_WORD.findall(words.casefold()))


def _of_script(letters: Iterable[str], script: str) -> list[str]:
    return [letter for letter in letters if _name(letter).startswith(script)]


@lru_cache(maxsize=4_096)
def _name(letter: str) -> str:
    """A post has a few dozen different letters, and finding a name takes long."""
    return unicodedata.name(letter, "")


def _latin(words: list[str]) -> Language:
    english = sum(word.replace("’", "'") in _ENGLISH for word in words)
    other = sum(word in _OTHER for word in words)
    if other >= max(english, 1) or (not english and len(words) >= ENOUGH_WORDS):
        return OTHER
    return ENGLISH
