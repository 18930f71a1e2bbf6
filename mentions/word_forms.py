"""The forms in which people write a brand's name: cases, the other alphabet, look-alike letters."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from pymorphy3 import MorphAnalyzer

from mentions.text import normalise

# How Russian names are spelt with Latin letters in handles, tags and lazy typing.
_TO_LATIN = {
    **dict(zip("абвгдезийклмнопрстуфыэ", "abvgdeziyklmnoprstufye", strict=True)),
    **dict(zip("жхцчшщюя", ("zh", "h", "ts", "ch", "sh", "sch", "yu", "ya"), strict=True)),
    **dict.fromkeys("ъь", ""),
}
_TO_CYRILLIC = [
    *[("sch", "щ"), ("zh", "ж"), ("kh", "х"), ("ts", "ц"), ("ch", "ч"), ("sh", "ш")],
    *[("yu", "ю"), ("ya", "я"), ("ck", "к"), ("x", "кс"), ("w", "в"), ("q", "к"), ("j", "дж")],
    *zip("abvgdeziyklmnoprstufhc", "абвгдезийклмнопрстуфхк", strict=True),
]
# Shorter case forms become words of other languages in Latin letters: лады "lady", лент "lent".
_TELLING = 5
# Letters that look alike: a word that mixes the alphabets is read in the one it mostly uses.
_LATIN_TWINS = str.maketrans("аеорсухкмтнвгі", "aeopcyxkmthbri")
_CYRILLIC_TWINS = str.maketrans("aeopcyxkmthb", "аеорсухкмтнв")
# Not the breve of й, which is a letter of its own.
_MARK = re.compile("(?<!и)\u0306|[\u0300-\u0305\u0307-\u036f]")
_CYRILLIC = re.compile("[а-яіїєґ]")
_LATIN = re.compile("[a-z]")
# Spoken endings of names that the dictionary holds to be indeclinable (МТСа, Тинькоффу, MTSом).
_SPOKEN = ("а", "у", "ом", "е", "ы", "ов")
_CONSONANT_END = re.compile("[бвгджзклмнпрстфхцчшщ]$")
_LATIN_WITH_ENDING = re.compile(r"([a-z0-9]+)(?:ам|ами|ах|ов|ом|ой|ою|ем|ей|ия|ии|а|е|и|о|у|ы|ю|я)")


@cache
def _morphology() -> MorphAnalyzer:
    return MorphAnalyzer()  # 0.15 s and 20 MB: only when there is Russian to inflect


def forms(word: str) -> frozenset[str]:
    """Every normalised form of one word that counts as that word.

    In Latin letters a Cyrillic name itself always does, its other cases where they are long enough.
    """
    word = normalise(word)
    if _CYRILLIC.search(word):
        cases = _cases(word)
        in_latin = {latin(case) for case in cases}
        return cases | {latin(word)} | {case for case in in_latin if len(case) >= _TELLING}
    if _LATIN.search(word):
        return frozenset({word}) | _cases(cyrillic(word))
    return frozenset({word})


def _cases(word: str) -> frozenset[str]:
    dictionary_forms = [
        parse
        for parse in _morphology().parse(word)
        if (parse.tag.POS in {"NOUN", "ADJF"} and "nomn" in parse.tag) or parse.tag.POS == "INFN"
    ]
    found = {normalise(form.word) for parse in dictionary_forms for form in parse.lexeme}
    if _CONSONANT_END.search(word):
        found |= {word + ending for ending in _SPOKEN}
    return frozenset(found | {word})


def latin(word: str) -> str:
    return "".join(_TO_LATIN.get(letter, letter) for letter in word)


def cyrillic(word: str) -> str:
    for letters, letter in _TO_CYRILLIC:
        word = word.replace(letters, letter)
    return word


def readings(token: str) -> tuple[str, ...]:
    """What a token of a post may stand for: itself first, then without the marks on its letters,
    and where it mixes alphabets, its repairs.
    """
    bare = _bare(token)
    as_written = (token,) if bare == token else (token, bare)
    cyrillic_letters, latin_letters = len(_CYRILLIC.findall(bare)), len(_LATIN.findall(bare))
    if not cyrillic_letters or not latin_letters:
        return as_written
    twins = _CYRILLIC_TWINS if cyrillic_letters > latin_letters else _LATIN_TWINS
    repaired = [bare.translate(twins)]
    if ending := _LATIN_WITH_ENDING.fullmatch(bare):
        repaired.append(ending[1])
    return (*as_written, *repaired)


def _bare(word: str) -> str:
    return unicodedata.normalize("NFC", _MARK.sub("", unicodedata.normalize("NFD", word)))
