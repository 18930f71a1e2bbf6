"""How a text and its brand become token ids: one way for training and for scoring."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tokenizers import Tokenizer

from mentions.errors import ConfigError, RecordError
from mentions.text import clean

# A post says what it wants at its start and its end. More than this is cut before tokenising, so
# that a megabyte costs no more than a page.
MAX_CHARS = 6_000
HEAD_CHARS = 4_000
MAX_BRAND_CHARS = 80
MAX_BRAND_TOKENS = 12
HEAD_SHARE = 0.7
Place = tuple[int, int]  # of a token in the text: its first character, and the one after its last
NOWHERE: Place = (0, 0)
T = TypeVar("T")

_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,500}>")
_LINK = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
# Zero-width, joiners, direction marks, variation selectors: they hide words from the tokenizer.
_INVISIBLE = re.compile(
    r"[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)
_REPEATED = re.compile(r"([^\W\d]|[^\w\s])\1{3,}")  # never digits: sums would change
_SPACE = re.compile(r"\s+")


def shorten(text: str) -> str:
    """Head and tail of a text too long to be read whole."""
    if len(text) <= MAX_CHARS:
        return text
    return f"{text[:HEAD_CHARS]} … {text[HEAD_CHARS - MAX_CHARS :]}"


def plain(text: str) -> str:
    """The words of a text: no markup, link targets, invisible characters or drawn-out letters."""
    text = clean(shorten(text))
    if "&" in text:
        text = html.unescape(text)
    text = _INVISIBLE.sub("", _LINK.sub("link", _TAG.sub(" ", text)))
    return _SPACE.sub(" ", _REPEATED.sub(r"\1\1\1", clean(text))).strip()


@dataclass(frozen=True, slots=True)
class Special:
    """The ids that frame and fill a sequence."""

    start: int
    end: int
    pad: int


@contextmanager
def _refusal() -> Iterator[None]:
    """The tokenizer raises bare exceptions, whatever it is that it cannot read."""
    try:
        yield
    except Exception as error:
        raise RecordError("the tokenizer refused an input") from error


class Encoder:
    """Turns (text, brand) into ids: start, brand, end, text, end; or start, text, end."""

    def __init__(self, tokenizer: Tokenizer, *, max_tokens: int) -> None:
        self._tokenizer = tokenizer
        self.max_tokens = max_tokens
        self.special = Special(*(self._id(token) for token in ("<s>", "</s>", "<pad>")))

    @classmethod
    def load(cls, file: Path, *, max_tokens: int) -> Encoder:
        if not file.is_file():
            raise ConfigError(f"no tokenizer at {file}: a model directory holds tokenizer.json")
        try:
            tokenizer = Tokenizer.from_file(str(file))
        except Exception as error:
            raise ConfigError(
                f"{file}: no tokenizer ({error}): copy the model directory again, whole"
            ) from error
        return cls(tokenizer, max_tokens=max_tokens)

    def __call__(self, texts: Sequence[str], brands: Sequence[str | None]) -> list[list[int]]:
        named = sorted({brand for brand in brands if brand})
        ids_of = dict(zip(named, self.brand_ids(named), strict=True))
        return [
            self.join(text, ids_of.get(brand or "", []))
            for text, brand in zip(self.text_ids(texts), brands, strict=True)
        ]

    def text_ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Bare ids of whole texts; ``join`` frames and cuts them."""
        read = [plain(text) for text in texts]
        with _refusal():
            found = self._tokenizer.encode_batch_fast(read, add_special_tokens=False)
        return [encoding.ids for encoding in found]

    def brand_ids(self, names: Sequence[str]) -> list[list[int]]:
        return [
            ids[:MAX_BRAND_TOKENS]
            for ids in self.text_ids([name[:MAX_BRAND_CHARS] for name in names])
        ]

    def join(self, text: list[int], brand: list[int]) -> list[int]:
        """One sequence of at most ``max_tokens``: of a long text its head and its tail."""
        front = self._front(brand)
        return [*front, *self._cut(text, front), self.special.end]

    def places(self, text: str, brand: str | None) -> tuple[str, list[Place]]:
        """The text as it is read, and where in it each token of the pair's sequence stands."""
        read = plain(text)
        with _refusal():
            found = self._tokenizer.encode(read, add_special_tokens=False).offsets
        front = self._front(self.brand_ids([brand])[0] if brand else [])
        return read, [*[NOWHERE] * len(front), *self._cut(found, front), NOWHERE]

    def _front(self, brand: list[int]) -> list[int]:
        return [self.special.start, *brand, self.special.end] if brand else [self.special.start]

    def _cut(self, tokens: list[T], front: list[int]) -> list[T]:
        room = self.max_tokens - len(front) - 1
        if len(tokens) <= room:
            return tokens
        head = int(room * HEAD_SHARE)
        return tokens[:head] + tokens[head - room :]

    def _id(self, token: str) -> int:
        found = self._tokenizer.token_to_id(token)
        if found is None:
            raise ConfigError(f"the tokenizer has no {token}: only XLM-R vocabularies are served")
        return int(found)
