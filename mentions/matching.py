"""Which brands a post is about.

An alias matches whole words in any case form, in either alphabet (short case forms only in their
own, where they mean nothing else); ``@name`` matches only that handle and ``#tag`` only that tag.
An exclusion that contains a word of the brand cancels the places it covers ("аптечная ромашка");
any other exclusion cancels the brand for the whole post.

``Matcher.match`` is the seam for the full query language: nothing outside knows how it decides.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from mentions.settings import Brand
from mentions.text import normalise
from mentions.word_forms import forms, readings

# Characters that are not seen: a stranger can put them into a name to hide it from us.
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]")
_LOOSE_MARK = re.compile("[\u0300-\u036f]")  # on a letter that is never written with it
_TOKEN = re.compile(
    r"(?:(?P<mark>(?<![\w@#/.])[@#])(?P<before>_*))?(?P<word>[^\W_]+(?:_+[^\W_]+)*)(?P<after>_*)"
)
_WORD = re.compile(r"[^\W_]+")
_CAMEL = re.compile(r"(?<=[a-zа-яё0-9])(?=[A-ZА-ЯЁ])")


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a text: what it may stand for, and the mark (``@``, ``#``) before it."""

    readings: tuple[str, ...]
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words in a row, each given by all its forms."""

    words: tuple[frozenset[str], ...]
    mark: str = ""

    def spans(self, tokens: list[Token], start: int) -> bool:
        """Whether the phrase stands in the tokens from ``start`` on."""
        if start + len(self.words) > len(tokens) or (self.mark and self.mark != tokens[start].mark):
            return False
        return all(
            not accepted.isdisjoint(tokens[start + offset].readings)
            for offset, accepted in enumerate(self.words)
        )


@dataclass(frozen=True, slots=True)
class _Rules:
    include: tuple[Phrase, ...]
    cancel_place: tuple[Phrase, ...]
    cancel_post: tuple[Phrase, ...]


class Matcher:
    """Matches posts against all brands at once. Building one inflects every alias."""

    def __init__(self, brands: Mapping[str, Brand]) -> None:
        self._rules = {brand: _rules(settings) for brand, settings in brands.items()}
        self._starts: dict[str, set[str]] = defaultdict(set)
        for brand, rules in self._rules.items():
            for phrase in rules.include:
                for form in phrase.words[0]:
                    self._starts[form].add(brand)

    def match(self, text: str, title: str | None = None) -> tuple[str, ...]:
        """Ids of the brands that the post is about, sorted; empty when there are none."""
        tokens = tokenise(f"{title}\n{text}" if title else text)
        candidates = {
            brand
            for token in tokens
            for reading in token.readings
            for brand in self._starts.get(reading, ())
        }
        return tuple(sorted(b for b in candidates if _is_about(self._rules[b], tokens)))


def _is_about(rules: _Rules, tokens: list[Token]) -> bool:
    cancelled = set(_places(rules.cancel_place, tokens))
    found = any(not cancelled.issuperset(place) for place in _spans(rules.include, tokens))
    return found and next(_spans(rules.cancel_post, tokens), None) is None


def _spans(phrases: Iterable[Phrase], tokens: list[Token]) -> Iterator[range]:
    for phrase in phrases:
        for start in range(len(tokens)):
            if phrase.spans(tokens, start):
                yield range(start, start + len(phrase.words))


def _places(phrases: Iterable[Phrase], tokens: list[Token]) -> Iterator[int]:
    for span in _spans(phrases, tokens):
        yield from span


def _rules(brand: Brand) -> _Rules:
    include = [p for alias in (brand.name, *brand.aliases) for p in _phrases(alias)]
    own_words = frozenset(form for phrase in include for word in phrase.words for form in word)
    exclude = [phrase for text in brand.exclude for phrase in _phrases(text)]
    about_name = [any(not word.isdisjoint(own_words) for word in p.words) for p in exclude]
    return _Rules(
        include=tuple(include),
        cancel_place=tuple(p for p, own in zip(exclude, about_name, strict=True) if own),
        cancel_post=tuple(p for p, own in zip(exclude, about_name, strict=True) if not own),
    )


def _phrases(alias: str) -> Iterator[Phrase]:
    """The alias as written, and for several words also run together as in a tag or handle."""
    alias = normalise(alias.strip())
    if alias[:1] in {"@", "#"}:
        yield _marked(alias)
        return
    words = _WORD.findall(alias)
    if words:
        yield Phrase(tuple(forms(word) for word in words))
    # Single letters run together are another word: H&M would be "hm" and "хм".
    if len(words) > 1 and any(len(word) > 1 for word in words):
        joined = {"".join([*words[:-1], last]) for last in forms(words[-1])}
        yield Phrase((frozenset(joined | forms("".join(words))),))


def _marked(alias: str) -> Phrase:
    """As a text's own words, so that what parts them there (``@zz.help``) parts them here."""
    tokens = tokenise(alias)
    if _TOKEN.fullmatch(alias):
        del tokens[1:]  # a tag's parts: the whole says it all
    return Phrase(tuple(frozenset(token.readings[:1]) for token in tokens), tokens[0].mark)


def tokenise(text: str) -> list[Token]:
    """Words in order; a tag is one token whole, then its parts as words, a handle is whole."""
    tokens: list[Token] = []
    for found in _TOKEN.finditer(_composed(text)):
        mark, word = found["mark"] or "", found["word"]
        if mark:
            written = normalise(f"{found['before']}{word}{found['after']}")
            tokens.append(Token(tuple(dict.fromkeys((written, *readings(normalise(word))))), mark))
        parts = _WORD.findall(_CAMEL.sub(" ", word) if mark else word)
        if not mark or (mark == "#" and len(parts) > 1):
            tokens.extend(Token(readings(normalise(part))) for part in parts)
    return tokens


def _composed(text: str) -> str:
    """Each letter in one piece: some sites send й and é as a letter and a mark, two characters."""
    return _LOOSE_MARK.sub("", unicodedata.normalize("NFC", _UNSEEN.sub("", text)))
