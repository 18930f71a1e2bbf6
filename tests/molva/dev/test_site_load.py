"""Post files of any origin become posts that a site can show."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mentions.errors import ConfigError
from molva.dev.site.dates import Move, parse_date, parse_newest
from molva.dev.site.faults import Behaviour
from molva.dev.site.load import fill_dates, load_posts, move_dates, read_lines

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-04-30T10:00:00+00:00", datetime(2026, 4, 30, 10, tzinfo=UTC)),
        ("2026-04-30T10:00:00Z", datetime(2026, 4, 30, 10, tzinfo=UTC)),
        ("2026-04-30", datetime(2026, 4, 29, 21, tzinfo=UTC)),
        ("30.05.2025 15:09", datetime(2025, 5, 30, 12, 9, tzinfo=UTC)),
        ("30 мая 2025", datetime(2025, 5, 29, 21, tzinfo=UTC)),
        (1406224554, datetime(2014, 7, 24, 17, 55, 54, tzinfo=UTC)),
        (1406224554000, datetime(2014, 7, 24, 17, 55, 54, tzinfo=UTC)),
    ],
)
def test_a_date_is_read_in_the_forms_that_files_have(written: object, meant: datetime) -> None:
    assert parse_date(written, NOW) == meant


@pytest.mark.parametrize(
    "written", [None, "", True, "на днях, кажется", "0000-00-00", "2099-01-01"]
)
def test_what_no_site_can_mean_is_no_date(written: object) -> None:
    assert parse_date(written, NOW) is None


def test_a_day_without_a_year_is_the_last_such_day() -> None:
    found = parse_date("28 февраля", NOW)
    assert found is not None
    assert (found.month, found.year) == (2, 2026)


def test_dates_move_together_and_keep_their_distances() -> None:
    dates = [NOW - timedelta(days=3), NOW - timedelta(days=1)]
    move = Move(dates, NOW)
    assert [move(date) for date in dates] == [NOW - timedelta(days=2), NOW]


def test_a_span_squeezes_the_distances() -> None:
    dates = [NOW - timedelta(days=10), NOW - timedelta(days=5), NOW]
    move = Move(dates, NOW, timedelta(hours=6))
    hours = [(NOW - date) / timedelta(hours=1) for date in map(move, dates) if date]
    assert hours == [6.0, 3.0, 0.0]


def test_one_date_alone_moves_without_a_span_to_squeeze() -> None:
    assert Move([NOW], NOW - timedelta(days=1), timedelta(hours=1))(NOW) == NOW - timedelta(days=1)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("now", NOW),
        ("now-2h", NOW - timedelta(hours=2)),
        ("2026-04-01T00:00:00", datetime(2026, 4, 1, tzinfo=UTC)),
    ],
)
def test_where_the_newest_goes(text: str, moment: datetime) -> None:
    assert parse_newest(text, NOW) == moment


@pytest.mark.parametrize("text", ["yesterday", "now-2", "now+1h", ""])
def test_a_time_that_cannot_be_read_names_the_cure(text: str) -> None:
    with pytest.raises(ConfigError, match="write"):
        parse_newest(text, NOW)


def test_ratings_of_five_stars_become_shares() -> None:
    lines = [{"id": n, "text": "т", "rating": n} for n in (1, 2, 5)]
    assert [post.rating for post in load_posts(lines, now=NOW).posts] == [0.0, 0.25, 1.0]


def test_ratings_that_are_shares_stay() -> None:
    lines = [{"id": n, "text": "т", "rating": n} for n in (0, 0.25, 1)]
    assert [post.rating for post in load_posts(lines, now=NOW).posts] == [0.0, 0.25, 1.0]


def test_each_line_is_accounted_for(tmp_path: Path) -> None:
    file = tmp_path / "posts.jsonl"
    rows = [{"id": "a", "text": "раз"}, {"id": "a", "text": "два"}, {"id": "b", "text": " "}]
    file.write_text("\n".join([*map(json.dumps, rows), "not json", "", "[1]"]), encoding="utf-8")
    loaded = load_posts(read_lines(file), now=NOW)
    assert [post.text for post in loaded.posts] == ["раз"]
    assert loaded.counts == {"posts": 1, "repeated": 1, "skipped": 3, "undated": 1}


def test_a_file_that_is_not_there_is_a_setting_to_mend(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read"):
        list(read_lines(tmp_path / "none.jsonl"))


def test_names_come_in_several_fields() -> None:
    lines = [
        {"id": 1, "text": "т", "author": {"name": "Пётр"}},
        {"id": 2, "text": "т", "author": "Анна"},
        {"native_id": "3", "text": "т", "author_name": "Ян", "author_id": "yan"},
    ]
    posts = load_posts(lines, now=NOW).posts
    assert [(p.native_id, p.author_name, p.author_id) for p in posts] == [
        ("1", "Пётр", None),
        ("2", "Анна", None),
        ("3", "Ян", "yan"),
    ]


def test_a_date_that_is_none_is_printed_as_it_was_written() -> None:
    lines = [
        {"id": "a", "text": "т", "published_at": "2099-01-01T00:00:00Z"},
        {"id": "b", "text": "т", "published_at": None, "date_flag": "implausible"},
        {"id": "c", "text": "т"},
    ]
    posts = move_dates(load_posts(lines, now=NOW).posts, NOW, None)
    assert [post.date for post in posts] == [None, None, None]
    assert [post.printed_date for post in posts] == [
        "2099-01-01T00:00:00Z",
        "0000-00-00T00:00:00+00:00",
        None,
    ]


def test_undated_posts_can_be_given_dates_in_the_order_of_the_file() -> None:
    posts = load_posts([{"id": n, "text": "т"} for n in range(3)], now=NOW).posts
    dates = [post.date for post in fill_dates(posts, timedelta(minutes=1), NOW)]
    assert dates == [NOW - timedelta(minutes=2), NOW - timedelta(minutes=1), NOW]


def test_characters_that_xml_forbids_are_dropped() -> None:
    text = "до\x00 и\x0b после\ud800"
    assert load_posts([{"id": 1, "text": text}], now=NOW).posts[0].text == "до и после"


def test_behaviour_for_a_post_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ConfigError, match="'9'"):
        load_posts([{"id": 1, "text": "т"}], now=NOW, behaviours={"9": Behaviour()})
