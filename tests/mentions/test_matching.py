"""Which posts are about which brand: inflection, alphabets, marks, boundaries, exclusions."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentions.matching import Matcher
from mentions.settings import Brand

BRANDS = {
    "romashka": Brand(
        name="Ромашка",
        aliases=("Ромашка Банк", "@romashka_help", "#ромашкапомоги"),
        exclude=("аптечная ромашка", "ромашковый чай", "гадать на ромашке", "кулинария"),
        channel="#r",
    ),
    "perekryostok": Brand(name="Перекрёсток", channel="#p"),
    "mts": Brand(name="МТС", channel="#m"),
    "volna": Brand(name="Volna Mobile", channel="#v"),
}
MATCHER = Matcher(BRANDS)


@pytest.mark.parametrize(
    "text",
    [
        "Купил в Ромашке чайник",
        "ромашку не рекомендую",
        "РОМАШКОЙ довольна",
        "нет никаких ромашек",
        "Ро\u200bма\u00adшка опять лежит",
        "Pомaшка с латинскими P и a",
        "в romashka звонил",
        "romashku закрыли",
        "@romashka_help ответьте",
        "спасибо, @Romashka",
        "#ромашкапомоги",
        "#ЛюблюРомашку",
        "#ромашка_банк",
        "в Ромашка-Банке очередь",
        "ромашкабанк списал дважды",
        "«Ромашка».",
        "сходила в Ромашку, а аптечная ромашка дома кончилась",
    ],
)
def test_post_is_about_the_brand(text: str) -> None:
    assert "romashka" in MATCHER.match(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ромашковое поле",
        "Ромашкин выступил с докладом",
        "аптечную ромашку заварила",
        "гадали на ромашке всю ночь",
        "кулинария: салат Ромашка",
        "супермромашка",
        "почта info@romashkax.example",
        "@romashka_helper ответьте",
        "романка",
    ],
)
def test_post_is_not_about_the_brand(text: str) -> None:
    assert "romashka" not in MATCHER.match(text)


@pytest.mark.parametrize(
    "text", ["в Перекрестке", "Перекрёстка", "perekrestok рядом", "перекрёстков"]
)
def test_fleeting_vowels_and_yo_are_forms_of_the_name(text: str) -> None:
    assert MATCHER.match(text) == ("perekryostok",)


@pytest.mark.parametrize("text", ["у МТСа", "мтс", "MTS лежит", "перешёл с MTSа"])
def test_an_abbreviation_is_declined_as_people_speak(text: str) -> None:
    assert MATCHER.match(text) == ("mts",)


def test_an_english_name_of_two_words_is_found_whole_or_joined_but_not_in_half() -> None:
    assert MATCHER.match("Volna Mobile is down") == ("volna",)
    assert MATCHER.match("thanks @VolnaMobile") == ("volna",)
    assert MATCHER.match("a mobile phone") == ()


def test_a_post_may_be_about_two_brands_and_the_title_counts() -> None:
    assert MATCHER.match("перешла к МТС", title="Ушла из Ромашки") == ("mts", "romashka")


SHORT = Matcher(
    {
        "lada": Brand(name="Лада", channel="#l"),
        "lenta": Brand(name="Лента", channel="#l"),
        "kit": Brand(name="Кит", channel="#k"),
        "mega": Brand(name="Мега", channel="#m"),
        "hm": Brand(name="H&M", channel="#h"),
    }
)


@pytest.mark.parametrize(
    "text",
    [
        "The lady at the desk, a lad, a kite",
        "I lent him 50 meg",
        "Хм, не знаю",
        "hm, ХМ и HM",
    ],
)
def test_a_short_name_is_not_found_in_words_of_another_language(text: str) -> None:
    assert SHORT.match(text) == ()


@pytest.mark.parametrize(
    ("text", "brand"),
    [
        ("новая Lada", "lada"),
        ("лады гниют", "lada"),
        ("в lentu завезли", "lenta"),
        ("в kit не ходите", "kit"),
        ("в Меге", "mega"),
        ("the H&M shop", "hm"),
        ("магазин H & M", "hm"),
    ],
)
def test_a_short_name_is_still_found(text: str, brand: str) -> None:
    assert SHORT.match(text) == (brand,)


MARKED = Matcher(
    {
        "nestle": Brand(name="Nestlé", channel="#n"),
        "raif": Brand(name="Райффайзен", channel="#r"),
        "romashka": Brand(name="Ромашка", channel="#r"),
        "skoda": Brand(name="Škoda", aliases=("@škoda_cz",), channel="#s"),
    }
)


@pytest.mark.parametrize(
    ("text", "brand"),
    [
        ("Райффайзен списал дважды", "raif"),
        ("в Райффайзене", "raif"),
        ("Nestlé is bad", "nestle"),
        ("my Škoda", "skoda"),
        ("thanks @škoda_cz", "skoda"),
    ],
)
def test_a_letter_with_a_mark_may_be_one_character_or_two(text: str, brand: str) -> None:
    assert MARKED.match(unicodedata.normalize("NFC", text)) == (brand,)
    assert MARKED.match(unicodedata.normalize("NFD", text)) == (brand,)


@pytest.mark.parametrize(
    "text",
    [
        "Рома\u0301шка",
        "Po\u0301мa\u0301шка",
        "Рома\u0306шка",
        "Ром\u0308а\u0308шка",
        "Rom\u0301a\u0301shka",
    ],
)
def test_a_mark_on_a_letter_hides_no_name(text: str) -> None:
    assert MARKED.match(text) == ("romashka",)


def test_short_i_is_a_letter_and_no_marked_one() -> None:
    zaika = Matcher({"zaika": Brand(name="Заика", channel="#z")})
    assert zaika.match(unicodedata.normalize("NFD", "милая зайка")) == ()


def called(alias: str) -> Matcher:
    return Matcher({"zz": Brand(name="Ромашка", aliases=(alias,), channel="#z")})


@pytest.mark.parametrize(
    ("alias", "text"),
    [
        ("@zz.help", "Спасибо, @zz.help!"),
        ("@zz-bank", "(@ZZ-Bank) ответьте"),
        ("@zz_", "hi @zz_"),
        ("@_zz", "hi @_zz, thanks"),
        ("#zz-bank", "#ZZ-bank"),
        ("#zz_pay.me", "#zz_pay.me"),
        ("#вкусвилл_доставка", "#ВкусВилл_доставка"),
        ("#zz_", "#zz_"),
        ("@zz", "@zz_"),
        ("@zz", "@_zz"),
        ("@zz", "@zz.help"),
    ],
)
def test_a_handle_or_tag_is_found_whatever_stands_in_it(alias: str, text: str) -> None:
    assert called(alias).match(text) == ("zz",)


@pytest.mark.parametrize(
    ("alias", "text"),
    [
        ("@zz.help", "@zz"),
        ("@zz.help", "zz.help"),
        ("@zz-bank", "#zz-bank"),
        ("@zz_", "@zz"),
        ("@_zz", "@_zz_"),
        ("@zz", "mail me@zz.example"),
    ],
)
def test_a_handle_or_tag_is_no_other(alias: str, text: str) -> None:
    assert called(alias).match(text) == ()


@given(st.text(max_size=300))
def test_any_text_is_matched_without_trouble(text: str) -> None:
    assert set(MATCHER.match(text)) <= set(BRANDS)
