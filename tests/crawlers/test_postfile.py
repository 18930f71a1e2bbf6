"""Post files: matched line by line, bad lines named, whole or not there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crawlers.postfile import match_file
from mentions.errors import ConfigError
from mentions.matching import Matcher
from mentions.settings import Brand
from mentions.whole_file import NotWholeError, whole_file
from tests.factories import post

MATCHER = Matcher({"romashka": Brand(name="Ромашка", channel="#romashka")})


def line(**changed: str) -> bytes:
    return post(**changed).model_dump_json().encode() + b"\n"


def test_every_post_comes_out_again_with_its_brands(tmp_path: Path) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_bytes(line(text="Ромашку не доставили") + line(text="Ничего", native_id="18"))
    result = match_file(MATCHER, source, target)
    assert result.counts == {"read": 2, "matched": 1, "unmatched": 1, "rejected": 0}
    first, second = (json.loads(row) for row in target.read_text().splitlines())
    assert (first["brands"], second["brands"]) == (["romashka"], [])
    assert first["text"] == "Ромашку не доставили"


def test_matching_again_changes_nothing(tmp_path: Path) -> None:
    source, once, twice = (tmp_path / name for name in ("in", "once", "twice"))
    source.write_bytes(line())
    match_file(MATCHER, source, once)
    match_file(MATCHER, once, twice)
    assert once.read_bytes() == twice.read_bytes()


def test_bad_lines_are_left_out_counted_and_named(tmp_path: Path) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    bad = [b"{", b"[]", b"\xff\xfe", b'{"text": "Petr"}', b"null"]
    source.write_bytes(b"\xef\xbb\xbf" + line() + b"\n\n" + b"\n".join(bad) + b"\n" + line())
    result = match_file(MATCHER, source, target)
    assert result.counts == {"read": 7, "matched": 2, "unmatched": 0, "rejected": 5}
    assert [named.partition(":")[0] for named in result.bad] == [f"line {n}" for n in range(4, 9)]
    assert "Petr" not in "".join(result.bad)
    assert len(target.read_text().splitlines()) == 2


def test_a_file_that_cannot_be_read_or_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read"):
        match_file(MATCHER, tmp_path / "nosuch", tmp_path / "out")
    (tmp_path / "in").write_bytes(line())
    with pytest.raises(ConfigError, match="cannot write"):
        match_file(MATCHER, tmp_path / "in", tmp_path / "nosuch" / "out")


@pytest.mark.parametrize("error", [NotWholeError(), KeyboardInterrupt()])
def test_what_ends_half_way_leaves_the_older_file(tmp_path: Path, error: BaseException) -> None:
    target = tmp_path / "out"
    target.write_text("old")
    try:
        with whole_file(target) as out:
            out.write(b"half")
            raise error
    except KeyboardInterrupt:
        pass
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]
