"""Which texts the judge may be believed about."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.language import detect

CASES = {
    "ru": [
        "Ромашка опять не работает",
        "RomashkaBank app v2.13 вылетает на iPhone 15 Pro Max",
        "@romashka_bank #ромашка",
        "Объявление съели, подъезд, объём",
        "Чанъань сломался",
        "не работает.верните деньги",
        "photo.jpg деньги украли",
        "ок",
        "Хватит врать, не парите мне мозг",
        "звонил три раза, ничего объснить не смогли, денег до сих пор нет",
    ],
    "en": [
        "Romashka is down again",
        "charged twice, nobody answers",
        "Great app!",
        "#RomashkaFail",
        "booking.com refund denied",
        "Charged twice at Romashka.com",
        "romashka.com scam",
        "amazon.de lost parcel",
        "Los Angeles branch closed",
        "los angeles branch closed",
        "Food poisoning at El Torito in Los Angeles",
        "de facto robbery",
        "non refundable ticket",
        "Café Müller was great, thanks",
        "l'oréal cream ruined my skin",
        "Don’t buy",
        "wait.what happened",
        "[refund](https://example.org/a) denied",
    ],
    "other": [
        "Все дуже погано, гроші не повернули",
        "Банк ақшамды қайтармады, өте жаман",
        "Das ist nicht gut, ich bin sehr enttäuscht",
        "el banco no me devuelve el dinero",
        "Bankanız çok kötü, paramı geri vermediler ve cevap yok",
        "Muy mal servicio",
        "PÉSIMO SERVICIO",
        "Pe\u0301simo servicio, nunca ma\u0301s",
        "Bardzo zła obsługa",
        "Mi hanno rubato i soldi",
        "Dinheiro roubado do meu cartão",
        "Karte gestohlen, Hilfe!",
        "Très déçu",
        "Rất tệ",
        "Не работи, моля върнете парите",
        "Първи път",
        "Апликација не ради",
        "谢谢你们，非常好",
        "البنك لا يرد",
        "kto nibud smotrel novyj serial na etoj platforme, stoit vremeni",
    ],
    "none": [
        "",
        "😡😡😡",
        "https://example.org/a.jpg",
        "t.co/xYz9",
        "vk.cc/abc",
        "я.рф/abc",
        "romashka.com",
        "example.org/photo.jpg",
        "IMG_2034.jpg",
        "![](a.png)",
        "![a picture](https://example.org/a.png)",
        "[photo]",
        "[фото]",
        "@romashka @someone",
        "10/10",
        "!!!",
        "\u200b",
    ],
}


@pytest.mark.parametrize(
    ("code", "text"), [(code, text) for code, texts in CASES.items() for text in texts]
)
def test_a_language_is_told(code: str, text: str) -> None:
    assert detect(text).code == code


def test_only_russian_and_english_are_trusted() -> None:
    assert detect("Ромашка").doubt is None
    assert detect("Romashka is bad").doubt is None
    assert detect("谢谢你们").doubt == "language"
    assert detect("😡").doubt == "no_text"


@given(st.text(st.characters()))
def test_any_text_gets_an_answer(text: str) -> None:
    assert detect(text).code in CASES
