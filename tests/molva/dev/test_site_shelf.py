"""What a reader sees of a site that changes while it is read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from molva.dev.site.post import SitePost, Version
from molva.dev.site.shelf import Shelf

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def post(native_id: str, *, minutes: int | None = 0, **fields: object) -> SitePost:
    date = None if minutes is None else NOW - timedelta(minutes=minutes)
    return SitePost(native_id, f"текст {native_id}", date=date, **fields)  # type: ignore[arg-type]


def ids(shelf: Shelf) -> list[str]:
    return [shown.native_id for shown in shelf.newest()]


def test_newest_comes_first_and_the_undated_stay_beside_their_neighbour() -> None:
    shelf = Shelf([post("old", minutes=9), post("undated", minutes=None), post("new", minutes=1)])
    assert ids(shelf) == ["new", "undated", "old"]


def test_numbers_follow_age_and_do_not_move_when_the_file_grows() -> None:
    before = Shelf([post("a", minutes=9), post("b", minutes=5)])
    after = Shelf([post("a", minutes=9), post("b", minutes=5), post("c", minutes=1)])
    assert before.numbers == {"a": 1, "b": 2}
    assert after.numbers == {"a": 1, "b": 2, "c": 3}


def test_native_ids_that_are_numbers_are_kept() -> None:
    assert Shelf([post("501", minutes=9), post("17")]).numbers == {"501": 501, "17": 17}


def test_native_ids_that_only_look_like_numbers_are_replaced() -> None:
    assert Shelf([post("01", minutes=9), post("1")]).numbers == {"01": 1, "1": 2}


def test_an_edited_post_shows_its_later_text_after_it_was_read() -> None:
    shelf = Shelf([post("a", versions=(Version("поправлено", after_reads=1),))])
    assert shelf.newest()[0].text == "текст a"
    shelf.count_page(["a"])
    edited = shelf.newest()[0]
    assert (edited.text, edited.revision) == ("поправлено", 2)
    assert edited.edited_at is not None
    assert shelf.get("a") == edited


def test_an_edit_can_wait_for_a_time() -> None:
    times = [0.0]
    later = Version("поправлено", after_seconds=10)
    shelf = Shelf([post("a", versions=(later,))], clock=lambda: times[0])
    assert shelf.newest()[0].revision == 1
    times[0] = 10.0
    assert shelf.newest()[0].text == "поправлено"


def test_a_post_can_appear_between_two_pages() -> None:
    shelf = Shelf([post("new", appears_after=1), post("old", minutes=5)])
    assert ids(shelf) == ["old"]
    assert shelf.get("new") is None
    shelf.count_page(["old"])
    assert ids(shelf) == ["new", "old"]


def test_a_post_can_be_deleted_after_it_was_read() -> None:
    shelf = Shelf([post("a", gone_after_reads=1), post("b", minutes=5)])
    shelf.count_page(["a", "b"])
    assert ids(shelf) == ["b"]
    assert shelf.get("a") is None
