"""Golden vectors: an id that changes makes every old post new, and alerts about it again.

Each was computed apart from this code, with a shell's ``sha256sum`` over the JSON written out.
"""

from __future__ import annotations

import pytest

from mentions import identity

FORUM = "discourse:forum.example.org"


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ((FORUM, "17", "romashka"), "31f74c49dd0b087ac4eea1bfcfc4bfbb"),
        (("feed:блог.example", "Пост №1", "ромашка"), "d62aa71d481a7f85bfaa4b337e18d9cc"),
    ],
)
def test_mention_ids_stand_for_ever(parts: tuple[str, str, str], expected: str) -> None:
    assert identity.mention_id(*parts) == expected


def test_post_ids_stand_for_ever() -> None:
    assert identity.post_id(FORUM, "17") == "d1655b73e23dcb3369a75a5ba2a396bb"


def test_author_keys_stand_for_ever_and_depend_on_the_secret() -> None:
    assert identity.author_key("secret", FORUM, "petr") == "f5e88940faafa78355be7b9caee57ff4"
    assert identity.author_key("other", FORUM, "petr") != identity.author_key(
        "secret", FORUM, "petr"
    )


def test_no_choice_of_parts_makes_two_posts_one() -> None:
    assert identity.post_id("a", 'b","c') != identity.post_id('a","b', "c")
    assert identity.post_id("ab", "c") != identity.post_id("a", "bc")


def test_a_text_hash_tells_an_absent_part_from_an_empty_one() -> None:
    assert identity.text_hash(None, "x") != identity.text_hash("", "x")
