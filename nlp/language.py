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
ENOUGH_WORDS = 8  # after which no English word in Latin means something, one odd word nothing

# A hashtag may well hold an opinion; what only points at something holds none. Each of these
# starts where a token starts, so that a page without a space costs no more than one with spaces.
_NOT_WORDS = re.compile(
    r"\blink\b|!\[[^\]\[]*\]\(?[^)\s]*|\[\w+\](?!\()"  # ![a picture](of.it), [photo]
    r"|(?<!\S)\S+\.(?:jpe?g|png|gif|webp|heic|mp4|mov|pdf)\b"
    r"|(?<![\w.-])(?:[\w-]+\.)+(?:(?:com|net|org|ru|рф)\b|[^\W\d_]{2,}(?=/))(?:/\S*)?"
    r"|@\w+",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_RUSSIAN = frozenset("абвгдеёжзийклмнопрстуфхцчшщъыьэюя")
# Written in letters that Russian has too. A Russian ъ stands before a vowel: объём, Чанъань.
_NEIGHBOUR = re.compile(
    r"[бвгджзклмнпрстфхцчшщ]ъ[бвгджзклмнпрстфхцчшщ]"
    r"|\b(?:защо|работи|това|този|тази|няма|какво|беше|сте|многу|дуже|що)\b"
)


def _words(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())


_ENGLISH = _words(
    "the be to of and a in that have i it for not on with he as you do at this but his by from",
    "they we say her she or an will my one all would there their what so up out if about who get",
    "which go me when make can like time no just him know take into your good some could them see",
    "other than then now only its over also back after use how our work first well way even new",
    "want because any these give most us is are was were been has had did don't it's i'm can't",
    "isn't won't didn't doesn't they're you're i've still very please thanks thank why never again",
    "more too off down where here being got im dont cant app service really great bad best worst",
    "money refund scam charged closed support stolen nobody café naïve résumé",
)
_OTHER = (
    _words(
        "und nicht ich eine auf für von zu sie wir sehr kein keine geld karte hilfe",  # German
        "je une dans que qui vous avec très merci jamais mauvais argent rien bonjour",  # French
        "una por muy pero nunca servicio dinero tarjeta gracias",  # Spanish
        "di sono della hanno soldi molto servizio grazie funziona aiuto",  # Italian
        "não uma meu minha muito dinheiro obrigado funciona",  # Portuguese
        "bir çok için değil yok lütfen",  # Turkish
        "nie się że jak bardzo pieniądze",  # Polish
        "och är inte för på mycket",  # Swedish
        "het een ik niet voor zijn mijn slecht",  # Dutch
    )
    - _ENGLISH
)
# As common there, but in English a part of names, a word or an abbreviation too: El Torito,
# de facto, non-refundable, AT&T. One of them says nothing.
_EITHER = (
    _words(
        "der das ist ein mit den le la les des et est pas pour sur el los las del y en un para per",
        "es se che il non ho o os um da em de ne ve bu ile na ale od jest det som att jag av van",
        "dat",
    )
    - _ENGLISH
)
_KNOWN = _ENGLISH | _OTHER | _EITHER


@dataclass(frozen=True, slots=True)
class Language:
    """``code`` is ru, en, other or none; ``doubt`` says why a judgement is not to be trusted."""

    code: str
    doubt: str | None = None


RUSSIAN, ENGLISH = Language("ru"), Language("en")
OTHER, NONE = Language("other", "language"), Language("none", "no_text")


def detect(text: str) -> Language:
    words = _NOT_WORDS.sub(" ", unicodedata.normalize("NFC", plain(text)))
    letters = [c for c in words.casefold() if c.isalpha()]
    if len(letters) < MIN_LETTERS:
        return NONE
    cyrillic, latin = _of_script(letters, "CYRILLIC"), _of_script(letters, "LATIN")
    if max(len(cyrillic), len(latin)) * 2 < len(letters):
        return OTHER
    if len(cyrillic) >= MIN_RUSSIAN * len(letters):
        foreign = sum(letter not in _RUSSIAN for letter in cyrillic)
        alike = len(_NEIGHBOUR.findall(words.casefold()))
        if len(words.split()) >= ENOUGH_WORDS:
            alike -= 1  # may be a slip: ничего объснить не смогли
        return OTHER if alike > 0 or foreign > MAX_FOREIGN * len(cyrillic) else RUSSIAN
    return _latin(_WORD.findall(words.replace("’", "'")))


def _of_script(letters: Iterable[str], script: str) -> list[str]:
    return [letter for letter in letters if _name(letter).startswith(script)]


@lru_cache(maxsize=4_096)
def _name(letter: str) -> str:
    """A post has a few dozen different letters, and finding a name takes long."""
    return unicodedata.name(letter, "")


def _latin(words: list[str]) -> Language:
    folded = [word.casefold() for word in words]
    english = sum(word in _ENGLISH for word in folded)
    other = sum(word in _OTHER for word in folded)
    # With a capital it may be a name: El Torito, Café Müller.
    small = [word.casefold() for word in words if not word.istitle()]
    either = sum(word in _EITHER for word in small)
    accented = sum(not word.isascii() and word not in _KNOWN for word in small)
    sure = other or (accented and not english)
    enough = max(english, 1) if sure else max(english + 1, 2)
    if other + either + accented >= enough or (not english and len(words) >= ENOUGH_WORDS):
        return OTHER
    return ENGLISH
