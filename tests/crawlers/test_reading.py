"""From bytes to words, dates and numbers: what strangers write, and what is made of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.dates import read_date, read_since
from crawlers.numbers import read_count, read_rating
from crawlers.page import Page, PageError
from crawlers.text import from_either, plain, without_quotes
from mentions.errors import ConfigError
from mentions.model import DateFlag
from mentions.text import clean

NOW = datetime(2026, 6, 3, 10, 0, tzinfo=UTC)
MOSCOW = ZoneInfo("Europe/Moscow")


def page(body: bytes, content_type: str = "") -> Page:
    return Page("https://example.org/", body, NOW, headers={"content-type": content_type})


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<b>Рома</b>шка", "Ромашка"),
        ("раз<br>два<br/>три", "раз\nдва\nтри"),
        ("<p>раз<p>два", "раз\n\nдва"),
        ("<div>раз</div><div>два</div>", "раз\nдва"),
        ("<ul><li>раз<li>два</ul>", "раз\nдва"),
        ("<table><tr><td>a<td>b<tr><td>c</table>", "a b\nc"),
        ("<p>x<script>s()</script><style>p{}</style>y</p>", "xy"),
        ("раз<!-- нет -->два", "раздва"),
        ("1 &lt; 2 &amp; &laquo;3&raquo;&nbsp;&#128578;", "1 < 2 & «3» 🙂"),
        ("слово&#151;слово", "слово—слово"),
        ("<div class=t>текст</b></div></div><!-- и не закрыт", "текст"),
        ("<p>до <blockquote>чужое</blockquote> после", "до\n\nпосле"),
        ('<aside class="quote"><p>чужое</p></aside>своё', "своё"),
        ("<blockquote>только чужое</blockquote>", "только чужое"),
        ('<p>ну <img class="emoji" alt=":cry:"></p>', "ну :cry:"),
        ('<img src="/1.png">', "🖼"),
        ("a < b и c > d", "a < b и c > d"),
        ("<div>" * 4_000 + "глубоко", "глубоко"),
        ("", ""),
    ],
)
def test_markup_becomes_what_a_person_reads(html: str, text: str) -> None:
    assert plain(html, quotes=False) == text


def test_quotes_stay_where_they_are_part_of_what_is_said() -> None:
    assert plain("Он пишет: <blockquote>верну</blockquote>") == "Он пишет:\n\nверну"


def test_quotes_in_markdown_and_bbcode_are_dropped() -> None:
    raw = '[quote="a"]x [quote]y[/quote] z[/quote]\nОтвет\n> цитата\nещё'
    assert without_quotes(raw) == "Ответ\n\nещё"
    assert without_quotes("> только цитата") == "> только цитата"


def test_a_text_that_may_be_html_keeps_its_lines_either_way() -> None:
    assert from_either("раз &amp; два\nтри < 4") == "раз & два\nтри < 4"
    assert from_either("раз <b>и</b>\nдва") == "раз и\nдва"
    assert from_either("<p>раз</p>\n<p>два</p>") == "раз\n\nдва"


@given(st.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    for made in (plain(text), plain(text, quotes=False), without_quotes(text), from_either(text)):
        assert clean(made) == made


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("Привет".encode(), "text/html; charset=utf-8"),
        ("Привет".encode("cp1251"), "text/html; charset=windows-1251"),
        ('<meta charset="windows-1251">Привет'.encode("cp1251"), "text/html"),
        ('<?xml version="1.0" encoding="windows-1251"?><a>Привет</a>'.encode("cp1251"), "text/xml"),
        ("Привет, это без всяких указаний".encode("cp1251"), "text/html"),
        ("Привет, это с неверным указанием".encode("cp1251"), "text/html; charset=utf-8"),
        ("Привет".encode("utf-16"), "text/html"),
        ("\ufeffПривет".encode(), ""),
        ("<rss>&lt;meta charset=koi8-r&gt;Привет</rss>".encode(), "application/rss+xml"),
        ("<rss><meta charset='koi8-r'/>Привет</rss>".encode(), "application/rss+xml"),
    ],
)
def test_letters_are_read_whatever_is_said_of_them(body: bytes, content_type: str) -> None:
    assert "Привет" in page(body, content_type).text


def test_a_letter_cut_in_half_does_not_change_the_alphabet() -> None:
    assert page("Привет".encode()[:-1]).text.startswith("Приве")


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 100_000, b"\xff\xfe\x00"])
def test_json_that_is_none_is_a_page_error(body: bytes) -> None:
    with pytest.raises(PageError):
        page(body).json()


@given(st.binary(max_size=200), st.sampled_from(["", "text/html", "text/xml", "application/json"]))
def test_no_bytes_break_the_page(body: bytes, content_type: str) -> None:
    assert isinstance(page(body, content_type).text, str)


def at(day: int, month: int, year: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=MOSCOW)


@pytest.mark.parametrize(
    ("printed", "date"),
    [
        ("2026-05-21T12:03:00+03:00", at(21, 5, 2026, 12, 3)),
        ("2026-05-21T09:03:00.0000000Z", at(21, 5, 2026, 12, 3)),
        ("2026-05-21 12:03", at(21, 5, 2026, 12, 3)),
        ("Thu, 21 May 2026 12:03:00 +0300", at(21, 5, 2026, 12, 3)),
        ("Thu, 21 May 2026 09:03:00 -0000", at(21, 5, 2026, 12, 3)),
        ("Thu, 21 May 2026 12:03:00 MSK", at(21, 5, 2026, 12, 3)),
        ("21 мая 2026", at(21, 5, 2026)),
        ("21 мая 2026, 12:03 МСК", at(21, 5, 2026, 12, 3)),
        ("21 Октябрь, 2025 12:03", at(21, 10, 2025, 12, 3)),
        ("21.10.2025 12:03", at(21, 10, 2025, 12, 3)),
        ("21 мая", at(21, 5, 2026)),
        ("вчера в 12:30", at(2, 6, 2026, 12, 30)),
        ("сегодня, 9:05", at(3, 6, 2026, 9, 5)),
        ("2 часа назад", NOW - timedelta(hours=2)),
        ("только что", NOW),
        (1779354180, at(21, 5, 2026, 12, 3)),
        ("1779354180000", at(21, 5, 2026, 12, 3)),
        ("May 21, 2026 12:03 PM", at(21, 5, 2026, 12, 3)),
        ("May 21, 2026 3:30 PM", at(21, 5, 2026, 15, 30)),
        ("May 21, 2026 12:30 AM", at(21, 5, 2026, 0, 30)),
        ("21 May 2026 3:30pm", at(21, 5, 2026, 15, 30)),
        ("Thu, 21 May 2026 3:30 p.m.", at(21, 5, 2026, 15, 30)),
        ("21 May 2026 03:30:00 GMT+0500", at(21, 5, 2026, 1, 30)),
        ("21 May 2026 14:03:00 UTC+5", at(21, 5, 2026, 12, 3)),
    ],
)
def test_dates_are_read_as_sites_print_them(printed: str | float, date: datetime) -> None:
    assert read_date(printed, now=NOW, timezone=MOSCOW) == (date, None)


@pytest.mark.parametrize(
    ("printed", "flag"),
    [
        (None, DateFlag.MISSING),
        (" ", DateFlag.MISSING),
        ("скоро", DateFlag.UNREADABLE),
        ("12", DateFlag.UNREADABLE),
        ("31 февраля 2026", DateFlag.UNREADABLE),
        ([], DateFlag.UNREADABLE),
        (float("nan"), DateFlag.UNREADABLE),
        ("x" * 10_000, DateFlag.UNREADABLE),
        ("0000-00-00 00:00:00", DateFlag.IMPLAUSIBLE),
        ("0001-01-01T00:00:00", DateFlag.IMPLAUSIBLE),
        ("Sat, 01 Jan 0000 00:00:00 GMT", DateFlag.IMPLAUSIBLE),
        ("1970-01-01T00:00:00Z", DateFlag.IMPLAUSIBLE),
        (0, DateFlag.IMPLAUSIBLE),
        (1e30, DateFlag.IMPLAUSIBLE),
        ("2099-01-01", DateFlag.IMPLAUSIBLE),
    ],
)
def test_a_date_that_cannot_be_says_why(printed: object, flag: DateFlag) -> None:
    assert read_date(printed, now=NOW, timezone=MOSCOW) == (None, flag)


@given(st.one_of(st.text(max_size=120), st.floats(), st.integers(), st.none()))
def test_no_date_breaks_the_reader(printed: object) -> None:
    date, flag = read_date(printed, now=NOW, timezone=MOSCOW)
    assert (date is None) != (flag is None)


def test_since_is_a_length_or_a_date() -> None:
    assert read_since("7d", now=NOW) == NOW - timedelta(days=7)
    assert read_since("now-2h", now=NOW) == NOW - timedelta(hours=2)
    assert read_since("2026-05-21", now=NOW) == datetime(2026, 5, 21, tzinfo=UTC)
    with pytest.raises(ConfigError, match="7d"):
        read_since("whenever", now=NOW)


@pytest.mark.parametrize(
    ("printed", "count"),
    [
        (1204, 1204),
        ("38.6K", 38_600),
        ("1,2 тыс.", 1_200),
        ("2 млн", 2_000_000),
        ("1 204", 1204),
        ("1\u00a0204", 1204),
        ("много", None),
        (None, None),
        (-1, None),
        (True, None),
        ("9" * 400, None),
        (10**400, None),
        (2**63, None),
    ],
)
def test_counts_are_read_as_sites_round_them(printed: object, count: int | None) -> None:
    assert read_count(printed) == count


@pytest.mark.parametrize(
    ("value", "best", "worst", "share"),
    [
        ("1", "5", "1", 0.0),
        ("4,5", None, None, 0.875),
        (7, 10, 0, 0.7),
        ("5 из 5", None, None, 1.0),
        ("0", None, None, None),
        (8, None, None, None),
        (3, 1, 5, None),
        (None, 5, 1, None),
        ("нет", 5, 1, None),
        (10**400, None, None, None),
        (4, 10**400, None, None),
        (4, "9" * 400, None, None),
        (4, None, "-" + "9" * 400, None),
        (float("nan"), None, None, None),
    ],
)
def test_ratings_are_shares_of_their_scale(
    value: object, best: object, worst: object, share: float | None
) -> None:
    assert read_rating(value, best=best, worst=worst) == share
