"""What a post may be, and what a stranger's post becomes at the door."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mentions.model import MAX_TEXT, Mention, Origin, Post
from tests.factories import NOW, post


def test_an_unknown_field_is_an_error() -> None:
    with pytest.raises(ValidationError, match="extra"):
        post(likes=3)


def test_a_fact_does_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        post().text = "other"


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "ftp://a.example/1", "https://a b", "", "//a.example"]
)
def test_only_web_addresses_are_addresses(url: str) -> None:
    with pytest.raises(ValidationError):
        post(url=url)


@pytest.mark.parametrize("text", ["", "   \n", "\x00\x01", "x" * (MAX_TEXT + 1)])
def test_a_post_needs_a_text_of_sensible_length(text: str) -> None:
    with pytest.raises(ValidationError):
        post(text=text)


@pytest.mark.parametrize("reach", [-1, 2**63])
def test_no_more_can_have_seen_it_than_the_store_can_hold(reach: int) -> None:
    assert post(reach=2**63 - 1).reach == 2**63 - 1
    with pytest.raises(ValidationError, match="reach"):
        post(reach=reach)


def test_a_naive_date_is_refused() -> None:
    with pytest.raises(ValidationError):
        post(published_at=datetime(2026, 1, 1))  # noqa: DTZ001 - the point of the test


@given(st.text(st.characters(codec=None), min_size=1, max_size=200))
def test_whatever_is_accepted_can_be_written_read_and_hashed(text: str) -> None:
    try:
        made = post(text=text, title=text, author_name=text)
    except ValidationError:
        return
    again = Post.model_validate_json(made.model_dump_json())
    assert again == made
    assert again.text_hash == made.text_hash
    json.dumps(made.model_dump(mode="json"), ensure_ascii=False).encode()
    assert not any(c in made.text for c in "\x00\x1b\ud800")
    assert "\n" not in (made.author_name or "")


def test_a_name_cannot_turn_the_line_around() -> None:
    assert post(author_name="Пётр\u202egro.live\u202c\n!").author_name == "Пётрgro.live !"


def test_the_hash_follows_what_is_judged_and_nothing_else() -> None:
    assert post(reach=5, author_name="Иван").text_hash == post().text_hash
    assert post(text="иначе").text_hash != post().text_hash
    assert post(title="Заголовок").text_hash != post().text_hash
    assert post(rating=0.2).text_hash != post(rating=0.4).text_hash


def test_a_mention_knows_its_author_only_by_pseudonym() -> None:
    made = Mention.of(post(), "romashka", secret="s", origin=Origin.LIVE, source_read_before=None)
    assert "author_id" not in made.model_dump()
    assert made.author_key is not None
    assert "petr" not in made.author_key
    assert made.post_id == post().post_id


def test_a_mention_without_a_date_stands_where_it_was_first_seen() -> None:
    made = Mention.of(
        post(published_at=None, date_flag="missing"),
        "romashka",
        secret="s",
        origin=Origin.LIVE,
        source_read_before=NOW - timedelta(hours=1),
    )
    assert made.at == NOW
