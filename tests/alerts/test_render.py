"""What responders see, and what strangers can never make them see."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.link import MAX_LINK, safe_link
from alerts.render import Case, Manner, Message, outbound, stars
from alerts.strangers import first_lines, masked, plain, shorten
from alerts.words import ENGLISH, RUSSIAN, Language, words
from mentions.model import (
    MAX_TEXT,
    MAX_WHY,
    MAX_WORD,
    Action,
    Analysis,
    Decision,
    Intent,
    Mention,
    Reason,
    Sentiment,
    Topic,
    Urgency,
)
from mentions.settings import Privacy
from molva.dev.slack.blocks import blocks_too_long, check_blocks
from tests.alerts.samples import NOW, alert, analysis, mention

RU = Manner(brand="Ромашка")
EN = Manner(brand="Romashka", language="en")
SHARES = {"urgency": {"critical": 0.91}, "sentiment": {"negative": 0.97}}


def show(said: Mention, opinion: Analysis | None, manner: Manner = RU) -> Message:
    decision = Decision(action=Action.ALERT, reason=Reason.URGENT, decided_at=NOW, revision=1)
    return outbound(Case(alert(of=said), said, opinion, decision), manner)


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Every object inside a message's blocks."""
    if isinstance(value, dict):
        yield value
    children = value.values() if isinstance(value, dict) else value
    if isinstance(children, str | int | bool):
        return
    for child in children:
        if isinstance(child, dict | list | tuple):
            yield from nodes(child)


def seen(message: Message) -> str:
    """All that a reader reads, in order."""
    return "\n".join(
        str(n["text"]) for n in nodes(message.blocks) if isinstance(n.get("text"), str)
    )


def test_a_responder_sees_what_is_needed_to_answer() -> None:
    said = mention(
        title="Второй день без денег",
        text="Карту заблокировали, поддержка молчит.",
        rating=0.0,
        reach=12_500,
        published_at=NOW - timedelta(hours=2),
    )
    opinion = analysis(
        urgency=Urgency.CRITICAL, topic=Topic.FRAUD, probabilities=SHARES, model="judge@abc"
    )
    shown = show(said, opinion)
    page = seen(shown)
    for part in (
        "🔴 Критично · Ромашка · жалоба, мошенничество",
        "Тональность: негатив",
        "Источник: forum",
        "Оценка: ★☆☆☆☆",
        "Охват: 12 500",
        "Второй день без денег",
        "Карту заблокировали, поддержка молчит.",
        "Пользователь 17",
        "Открыть публикацию",
        "Почему здесь: автору нужна помощь, и время дорого, ответить за 5 минут",
        "Модель: критично 91%, негатив 97%, жалоба, мошенничество · judge@abc",
    ):
        assert part in page
    assert any(n.get("url") == said.url for n in nodes(shown.blocks))
    dates = [n["fallback"] for n in nodes(shown.blocks) if n.get("type") == "date"]
    assert dates == ["2026-11-20 10:00 UTC", "2026-11-20 12:00 UTC"]
    assert shown.text == "🔴 Критично · Ромашка · жалоба, мошенничество"


def test_an_english_team_reads_english() -> None:
    page = seen(show(mention(), analysis(probabilities=SHARES), EN))
    assert "🟠 Urgent · Romashka · complaint, staff" in page
    assert "Why here: the writer needs help and time counts, answer within 15 minutes" in page


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("labels", [Urgency, Sentiment, Intent, Topic, Reason])
def test_every_label_and_reason_has_its_words(language: Language, labels: type[StrEnum]) -> None:
    field = labels.__name__.lower()
    assert set(getattr(words(language), field)) == set(labels)


def test_both_languages_say_the_same_things() -> None:
    assert set(RUSSIAN.label) == set(ENGLISH.label)
    assert set(RUSSIAN.deadline) == set(ENGLISH.deadline) == set(Urgency)


def test_a_changed_post_says_so_while_it_waits_to_be_judged() -> None:
    shown = show(mention(changed_at=NOW, revision=2), None)
    assert "изменено автором" in seen(shown)
    assert "Почему здесь: текст изменился и оценивается заново" in seen(shown)
    assert shown.text.startswith("🟠 Срочно · Ромашка")


def test_a_post_that_lost_its_urgency_says_why_it_is_still_here() -> None:
    said = mention(revision=2)
    calm = Decision(action=Action.SILENT, reason=Reason.NEEDS_NO_ANSWER, decided_at=NOW, revision=2)
    shown = outbound(Case(alert(of=said), said, analysis(urgency=Urgency.LOW), calm), RU)
    assert "после правки срочность снята: ответ не нужен" in seen(shown)


def test_a_post_without_name_or_date_says_that_too() -> None:
    page = seen(show(mention(author_name=None, published_at=None), analysis()))
    assert "имя не указано" in page
    assert "Дата не указана" in page


def test_masked_hides_the_author_also_in_a_signature() -> None:
    said = mention(author_name="Вася Пупкинский", text="Верните деньги!\nвася пупкинский")
    page = seen(show(said, analysis(), Manner(brand="Ромашка", privacy=Privacy.MASKED)))
    assert "пупкинский" not in page.casefold()
    assert "Верните деньги!\n•••" in page
    assert "скрыт" in page


def test_link_only_shows_nothing_that_the_stranger_wrote() -> None:
    said = mention(title="Заголовок", text="Слова автора", author_name="Имя автора")
    opinion = analysis(why=("Слова",))
    shown = show(said, opinion, Manner(brand="Ромашка", privacy=Privacy.LINK))
    dumped = json.dumps(shown.blocks, ensure_ascii=False)
    assert not any(word in dumped for word in ("Заголовок", "Слова", "Имя"))
    assert said.url in dumped


@pytest.mark.parametrize(
    ("manner", "line"),
    [(RU, "Что решило о срочности: карту, <!channel>"), (EN, "What decided the urgency: карту")],
)
def test_the_words_that_moved_urgency_are_shown_as_plain_text(manner: Manner, line: str) -> None:
    shown = show(mention(), analysis(why=("карту", "<!channel>")), manner)
    texts = [n for n in nodes(shown.blocks) if line in str(n.get("text"))]
    assert [n["type"] for n in texts] == ["plain_text"]


def test_without_words_nothing_is_said_of_them() -> None:
    assert "Что решило" not in seen(show(mention(), analysis()))


def test_masked_hides_the_author_among_the_words() -> None:
    said = mention(author_name="Вася Пупкинский")
    opinion = analysis(why=("Пупкинский", "деньги", "ВАСЯ"))
    page = seen(show(said, opinion, Manner(brand="Ромашка", privacy=Privacy.MASKED)))
    assert "Что решило о срочности: деньги" in page
    assert "пупкинский" not in page.casefold()


@pytest.mark.parametrize("author", ["Иван", "Иван Ли", "иван"])
def test_masked_hides_the_inflected_name_of_the_author_among_the_words(author: str) -> None:
    opinion = analysis(why=("Ивану", "или", "деньги"))
    manner = Manner(brand="Ромашка", privacy=Privacy.MASKED)
    page = seen(show(mention(author_name=author), opinion, manner))
    assert "Что решило о срочности: или, деньги" in page
    assert "Ивану" not in page


def test_metadata_says_nothing_but_ids() -> None:
    shown = show(mention(), analysis())
    assert shown.metadata("a1") == {
        "event_type": "molva_alert",
        "event_payload": {"alert_id": mention().id, "revision": 1, "attempt": "a1"},
    }


@pytest.mark.parametrize(
    ("address", "link"),
    [
        ("https://a.example/p?x=1&y=2#z", "https://a.example/p?x=1&y=2#z"),
        ('https://a.example/a|b<c>"d', "https://a.example/a%7Cb%3Cc%3E%22d"),
        ("https://a.example/%D1%8F", "https://a.example/%D1%8F"),
        ("https://пример.рф/путь", "https://xn--e1afmkfd.xn--p1ai/%D0%BF%D1%83%D1%82%D1%8C"),
        ("https://bank.example@evil.example/", "https://evil.example/"),
        ("http://[::1]:8080/x", "http://[::1]:8080/x"),
        ("https://a.example/" + "я" * 1_000, None),
        ("javascript:alert(1)", None),
        ("https://", None),
        ("https://[broken/", None),
        ("https://a.example:99999/", None),
        ("https://" + "a" * 70 + ".example/", None),
    ],
)
def test_a_link_leads_where_it_says_or_is_no_link(address: str, link: str | None) -> None:
    assert safe_link(address) == link


def test_a_post_whose_address_makes_no_link_is_still_found_by_its_id() -> None:
    said = mention(url="https://a.example/" + "я" * 1_000)
    assert said.post_id in seen(show(said, analysis()))


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        ("a\u202eb\u202c", "ab"),
        ("\u2066x\u2069", "x"),
        ("a\u200bb\u200fc\ufeff", "abc"),
        ("a\x00\x1bb", "ab"),
        ("👩\u200d🔧", "👩\u200d🔧"),
        ("z" + "\u0301" * 500, "z\u0301"),
        ("и\u0306", "и\u0306"),
    ],
)
def test_tricks_of_direction_and_shape_are_taken_out(dirty: str, clean: str) -> None:
    assert plain(dirty) == clean


def test_a_pasted_log_does_not_push_the_next_alert_off_the_screen() -> None:
    assert first_lines("a\nb", 2) == "a\nb"
    assert first_lines("a\nb\n\n\nc", 3) == "a\nb…"
    shown = json.dumps(show(mention(text="\n".join(map(str, range(500)))), None).blocks)
    assert "19\\u2026" in shown


def test_shortening_keeps_characters_whole() -> None:
    assert shorten("abc", 3) == "abc"
    assert shorten("abcd", 3) == "ab…"
    assert shorten("aи\u0306b", 3) == "a…"
    assert shorten("a👩\u200d🔧b", 4) == "a👩…"


def test_a_short_name_does_not_blot_out_words() -> None:
    assert masked("Я тут", "Я") == "Я тут"


@pytest.mark.parametrize(
    ("rating", "shown"), [(0.0, "★☆☆☆☆"), (0.25, "★★☆☆☆"), (0.5, "★★★☆☆"), (1.0, "★★★★★")]
)
def test_rating_as_stars(rating: float, shown: str) -> None:
    assert stars(rating) == shown


HOSTILE = [
    "<!channel> <!here> <!everyone> <@U1> <#C1> <!subteam^S1> @channel",
    "&lt;!channel&gt; &amp;lt;!channel&amp;gt;",
    "<https://evil.example|https://bank.example> *bold* `code` ~x~ :fire:",
    "\u202egnp.exe\u202c \u2067x\u2069 \u200f",
    '"\\' * 50_000,
    "😀" * 100_000,
    "\n" * 100_000 + "x",
    "z" + "\u0301" * 100_000,
]
# A number stands for a long hostile text, so that a failing example can be printed.
Parts = list[str | int]
parts = st.lists(st.text(max_size=300) | st.integers(0, len(HOSTILE) - 1), max_size=4)


def spell(some: Parts) -> str:
    return "".join(HOSTILE[p] if isinstance(p, int) else p for p in some)[: MAX_TEXT - 1]


@pytest.mark.parametrize("privacy", list(Privacy))
@given(text=parts, title=parts, name=parts, path=st.text(max_size=80))
def test_no_stranger_can_page_anyone_or_break_the_message(
    privacy: Privacy, text: Parts, title: Parts, name: Parts, path: str
) -> None:
    path = "".join(c for c in path if c.isprintable() and not c.isspace())
    said = mention(
        text=spell(text) + ".",
        title=spell(title),
        author_name=spell(name),
        url=f"https://a.example/{path}",
    )
    why = [spell(text)[:MAX_WORD], spell(name)[:MAX_WORD], "\u202eword", "<!here>", "w" * MAX_WORD]
    opinion = analysis(probabilities=SHARES, why=[word for word in why[:MAX_WHY] if word])
    shown = show(said, opinion, Manner(brand="Ромашка", privacy=privacy))
    blocks = list(shown.blocks)
    assert check_blocks(blocks) == []
    assert not blocks_too_long(blocks)
    assert len(json.dumps(blocks, ensure_ascii=False)) < 13_000
    # Nothing that Slack parses: neither a mrkdwn object nor an element that pages or is an image.
    kinds = {n["type"] for n in nodes(blocks) if "type" in n}
    assert kinds <= {
        "header",
        "section",
        "context",
        "plain_text",
        "rich_text",
        "rich_text_section",
        "rich_text_quote",
        "text",
        "link",
        "date",
    }
    assert shown.text == show(mention(), analysis(probabilities=SHARES)).text
    json.dumps(blocks, ensure_ascii=False).encode()  # no lone surrogate
    for link in (n["url"] for n in nodes(blocks) if n.get("type") == "link"):
        assert link.startswith("https://a.example")
        assert len(link) <= MAX_LINK
        assert not set('|<>" ') & set(link)


def test_a_brand_with_markup_in_its_name_is_escaped_where_slack_parses() -> None:
    shown = show(mention(), analysis(), Manner(brand="<!here> & Co"))
    assert "&lt;!here&gt; &amp; Co" in shown.text
    assert "<!here> & Co" in seen(shown)
