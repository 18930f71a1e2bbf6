"""How a text is read: what is taken out, what is cut, where the brand stands."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentions.errors import ConfigError
from nlp.encoding import MAX_CHARS, Encoder, plain
from tests.nlp.tiny import make_tokenizer


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder(make_tokenizer(), max_tokens=20)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<p>Банк&nbsp;<b>плох</b></p>", "Банк плох"),
        ("см. https://t.example/a?b=1 и www.example.org", "см. link и link"),
        ("б\u200bа\u2060нк\ufe0f", "банк"),
        ("ужаааааас!!!!!!", "ужааас!!!"),
        ("сняли 1000000", "сняли 1000000"),
        ("5 < 7 и 8 > 3", "5 < 7 и 8 > 3"),
        ("a\x00\x07b\ud800", "ab\ufffd"),
        ("&#0;&#xD800;x", "\ufffd\ufffdx"),
    ],
)
def test_only_words_are_left(text: str, words: str) -> None:
    assert plain(text) == words


@given(st.text(st.characters()))
def test_what_is_left_can_always_be_encoded(text: str) -> None:
    plain(text).encode()


def test_of_a_long_text_head_and_tail_are_read() -> None:
    text = plain("начало " + "середина " * 50_000 + "конец")
    assert text.startswith("начало")
    assert text.endswith("конец")
    assert len(text) <= MAX_CHARS + 3


def test_a_brand_stands_before_the_text(encoder: Encoder) -> None:
    special = encoder.special
    with_brand, without = encoder(["спасибо", "спасибо"], ["деньги", None])
    (brand,), (text,) = encoder.text_ids(["деньги"]), encoder.text_ids(["спасибо"])
    assert with_brand == [special.start, *brand, special.end, *text, special.end]
    assert without == [special.start, *text, special.end]


def test_no_sequence_is_too_long(encoder: Encoder) -> None:
    ids = encoder(["деньги " * 30 + "спасибо"], ["Марка " * 40])[0]
    assert len(ids) == encoder.max_tokens
    assert ids[-2] == encoder.text_ids(["спасибо"])[0][0]


def test_a_missing_tokenizer_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"tokenizer\.json"):
        Encoder.load(tmp_path / "tokenizer.json", max_tokens=9)
